// SPDX-License-Identifier: Apache-2.0
// The visitor that loads strictly. Included by base/config.h only.
#pragma once

#include <map>

#include "base/config.h"

namespace lockstep::base {
namespace config_detail {

// Kinds first, then ranges; each throws Error with `path` as its where.
void load_scalar(const Json& json, bool& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, int& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, int64_t& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, uint64_t& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, double& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, std::string& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, Json& value, const Range& range, const std::string& path);
void load_scalar(const Json& json, std::map<std::string, double>& value, const Range& range, const std::string& path);
void load_scalar(const Json& json,
                 std::map<std::string, std::string>& value,
                 const Range& range,
                 const std::string& path);

void require_object(const Json& json, const std::string& path);
void require_array(const Json& json, const std::string& path);
void refuse_unknown_keys(const Json& json, const std::vector<std::string>& known, const std::string& path);
// `path` + "/" + the name with ~ and / escaped as JSON pointers do (RFC 6901).
std::string child_path(const std::string& path, std::string_view name);

template <class T>
void load_value(const Json& json, T& value, const Range& range, const std::string& path) {
  if constexpr (Config<T>) {
    load(json, value, path);
  } else if constexpr (kIsOptional<T>) {
    if (json.is_null()) {
      value.reset();
    } else {
      if (!value) value.emplace();
      load_value(json, *value, range, path);
    }
  } else if constexpr (kIsVector<T>) {
    require_array(json, path);
    value.clear();
    for (const Json& element : json) {
      auto item = typename T::value_type();
      load_value(element, item, range, child_path(path, std::to_string(value.size())));
      value.push_back(std::move(item));
    }
  } else {
    load_scalar(json, value, range, path);
  }
}

}  // namespace config_detail

template <Config C>
void load(const Json& json, C& config, const std::string& path) {
  config_detail::require_object(json, path);
  std::vector<std::string> known;
  config.visit([&](std::string_view name, auto& value, std::string_view, const Range& range = {}) {
    known.emplace_back(name);
    const auto found = json.find(known.back());
    if (found != json.end()) config_detail::load_value(*found, value, range, config_detail::child_path(path, name));
  });
  config_detail::refuse_unknown_keys(json, known, path);
}

}  // namespace lockstep::base
