// SPDX-License-Identifier: Apache-2.0
// Loading one JSON value into one field: kind, what the type can hold, then the field's range.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/config.h"
#include "base/error.h"
#include "base/text.h"

namespace lockstep::base::config_detail {
namespace {

// The value as written, shortened: it may be a hostile megabyte.
std::string shown(const Json& json) {
  constexpr size_t kMost = 60;
  if (json.is_object()) return cat("an object with ", json.size(), " keys");
  if (json.is_array()) return cat("a list of ", json.size(), " values");
  const std::string text = printable(json.dump());
  return text.size() <= kMost ? text : repair_utf8(text.substr(0, kMost)) + "...";
}

std::string place(const std::string& path) { return path.empty() ? "/" : printable(path); }

[[noreturn]] void refuse(const Json& json, std::string_view expected, const std::string& path, std::string fix) {
  throw Error(cat("expected ", expected, ", found ", shown(json)), place(path), std::move(fix));
}

[[noreturn]] void refuse_range(const Json& json, const Range& range, const std::string& path) {
  const std::string allowed = describe(range);
  throw Error(cat("value ", shown(json), " is out of range: ", allowed), place(path),
              cat("write a value that is ", allowed));
}

// long double holds every int64_t and uint64_t exactly on x86-64.
void check_number(long double value, const Json& json, const Range& range, const std::string& path) {
  const bool is_low = range.low && (range.open_low ? value <= *range.low : value < *range.low);
  if (is_low || (range.high && value > *range.high)) refuse_range(json, range, path);
}

// The comparison with the type's limits happens on 64 bits, before anything is narrowed.
template <class Integer>
void load_integer(const Json& json, Integer& value, const Range& range, const std::string& path) {
  using Limits = std::numeric_limits<Integer>;
  if (!json.is_number_integer()) {
    refuse(json, "a whole number", path, "write digits without point, exponent or quotes");
  }
  const bool fits = json.is_number_unsigned() ? std::in_range<Integer>(json.get<uint64_t>())
                                              : std::in_range<Integer>(json.get<int64_t>());
  if (!fits) {
    refuse(json, cat("a whole number from ", Limits::min(), " to ", Limits::max()), path,
           "write a number in that range");
  }
  const auto number = json.is_number_unsigned() ? static_cast<Integer>(json.get<uint64_t>())
                                                : static_cast<Integer>(json.get<int64_t>());
  check_number(static_cast<long double>(number), json, range, path);
  value = number;
}

template <class Value>
void load_map(const Json& json, std::map<std::string, Value>& value, const Range& range, const std::string& path) {
  require_object(json, path);
  value.clear();  // the map is one value: a file replaces the default map
  for (const auto& [name, element] : json.items()) load_scalar(element, value[name], range, child_path(path, name));
}

}  // namespace

void load_scalar(const Json& json, bool& value, const Range&, const std::string& path) {
  if (!json.is_boolean()) refuse(json, "true or false", path, "write true or false, without quotes");
  value = json.get<bool>();
}

void load_scalar(const Json& json, int& value, const Range& range, const std::string& path) {
  load_integer(json, value, range, path);
}

void load_scalar(const Json& json, int64_t& value, const Range& range, const std::string& path) {
  load_integer(json, value, range, path);
}

void load_scalar(const Json& json, uint64_t& value, const Range& range, const std::string& path) {
  load_integer(json, value, range, path);
}

void load_scalar(const Json& json, double& value, const Range& range, const std::string& path) {
  if (!json.is_number()) refuse(json, "a number", path, "write a number, without quotes");
  const double number = json.get<double>();
  check_number(number, json, range, path);
  value = number;
}

void load_scalar(const Json& json, std::string& value, const Range& range, const std::string& path) {
  if (!json.is_string()) refuse(json, "text", path, "put the value in double quotes");
  const auto& text = json.get_ref<const std::string&>();
  if (!range.one_of.empty() && std::find(range.one_of.begin(), range.one_of.end(), text) == range.one_of.end()) {
    const auto nearest = nearest_name(text, range.one_of);
    throw Error(cat("value ", shown(json), " is not ", describe(range)), place(path),
                nearest ? cat("did you mean \"", *nearest, "\"?") : cat("write ", describe(range)));
  }
  value = text;
}

void load_scalar(const Json& json, Json& value, const Range&, const std::string&) { value = json; }

void load_scalar(const Json& json, std::map<std::string, double>& value, const Range& range, const std::string& path) {
  load_map(json, value, range, path);
}

void load_scalar(const Json& json,
                 std::map<std::string, std::string>& value,
                 const Range& range,
                 const std::string& path) {
  load_map(json, value, range, path);
}

void require_object(const Json& json, const std::string& path) {
  if (!json.is_object()) refuse(json, "an object", path, "write { \"name\": value, ... }");
}

void require_array(const Json& json, const std::string& path) {
  if (!json.is_array()) refuse(json, "a list", path, "write [ value, ... ]");
}

void refuse_unknown_keys(const Json& json, const std::vector<std::string>& known, const std::string& path) {
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto nearest = nearest_name(name, known);
    throw Error(
        cat("unknown key ", shown(Json(name))), place(child_path(path, name)),
        nearest ? cat("did you mean \"", *nearest, "\"?") : cat("remove it; the keys here are: ", join(known, ", ")));
  }
}

std::string child_path(const std::string& path, std::string_view name) {
  std::string out = path + "/";
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace lockstep::base::config_detail
