// SPDX-License-Identifier: Apache-2.0
// The visitors that read a config: dump, hash, reference, and the count of fields. Included by base/config.h only.
#pragma once

#include <map>
#include <type_traits>

#include "base/config.h"

namespace lockstep::base {
namespace config_detail {

// Passes where a type's name stands: "int", "list of text".
template <class T>
std::string type_name() {
  if constexpr (Config<T>)
    return "config";
  else if constexpr (kIsOptional<T>)
    return "optional " + type_name<typename T::value_type>();
  else if constexpr (kIsVector<T>)
    return "list of " + type_name<typename T::value_type>();
  else if constexpr (std::is_same_v<T, bool>)
    return "bool";
  else if constexpr (std::is_integral_v<T>)
    return "int";
  else if constexpr (std::is_same_v<T, double>)
    return "number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "text";
  else if constexpr (std::is_same_v<T, std::map<std::string, double>>)
    return "map of number";
  else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>)
    return "map of text";
  else
    return "JSON";
}

template <class T>
Json dump_value(const T& value) {
  if constexpr (Config<T>) {
    return dump(value);
  } else if constexpr (kIsOptional<T>) {
    return value ? dump_value(*value) : Json(nullptr);
  } else if constexpr (kIsVector<T>) {
    Json out = Json::array();
    for (const typename T::value_type& item : value) out.push_back(dump_value<typename T::value_type>(item));
    return out;
  } else {
    return Json(value);
  }
}

std::string hash_json(const Json& json);
std::string format_docs(const std::vector<FieldDoc>& docs);

template <Config C>
void collect_docs(C& config, const std::string& prefix, std::vector<FieldDoc>& docs) {
  config.visit([&](std::string_view name, auto& value, std::string_view meaning, const Range& range = {}) {
    using T = std::remove_reference_t<decltype(value)>;
    const std::string path = prefix + std::string(name);
    if constexpr (Config<T>) {
      collect_docs(value, path + ".", docs);
      return;
    }
    docs.push_back({path, type_name<T>(), dump_value(value).dump(), describe(range), std::string(meaning)});
    if constexpr (kIsOptional<T> || kIsVector<T>) {
      if constexpr (Config<typename T::value_type>) {
        auto inner = typename T::value_type();
        collect_docs(inner, path + (kIsVector<T> ? "[]." : "."), docs);
      }
    }
  });
}

// Converts to any member while members are counted; never called.
struct AnyMember {
  template <class T>
  operator T() const;
};

template <class C, class... Members>
consteval size_t count_members() {
  if constexpr (requires { C{Members{}..., AnyMember{}}; }) {
    return count_members<C, Members..., AnyMember>();
  } else {
    return sizeof...(Members);
  }
}

}  // namespace config_detail

template <Config C>
Json dump(const C& config) {
  C copy = config;  // visit is one non-const template member, shared with load
  Json out = Json::object();
  copy.visit([&](std::string_view name, auto& value, std::string_view, const Range& = {}) {
    out[std::string(name)] = config_detail::dump_value(value);
  });
  return out;
}

template <Config C>
std::vector<FieldDoc> field_docs() {
  std::vector<FieldDoc> docs;
  auto config = C();
  config_detail::collect_docs(config, "", docs);
  return docs;
}

template <Config C>
std::string reference() {
  return config_detail::format_docs(field_docs<C>());
}

template <Config C>
std::string config_hash(const C& config) {
  return config_detail::hash_json(dump(config));
}

template <Config C>
size_t visited() {
  size_t count = 0;
  auto config = C();
  config.visit([&](auto&&...) { ++count; });
  return count;
}

template <class C>
consteval size_t arity() {
  return config_detail::count_members<C>();
}

}  // namespace lockstep::base
