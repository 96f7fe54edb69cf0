// SPDX-License-Identifier: Apache-2.0
// Reading, writing and comparing exact JSON values.
#include "rewards/code/value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

using Kind = Value::Kind;
constexpr size_t kMaxDepth = 100;

Value integer(std::string digits) { return {.kind = Kind::integer, .text = digits == "-0" ? "0" : std::move(digits)}; }
Value real(double number) { return {.kind = Kind::real, .real = number}; }
Value text_value(std::string text) { return {.kind = Kind::text, .text = std::move(text)}; }

// Sorts by key and keeps the last of equal keys.
void close_object(Value& object) {
  auto& members = object.members;
  std::reverse(members.begin(), members.end());
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(members.begin(), members.end(), by_key);
  const auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  members.erase(std::unique(members.begin(), members.end(), same_key), members.end());
}

// nlohmann's event interface: it hands out the digits of numbers as they are written.
class Reader {
 public:
  using number_integer_t = int64_t;
  using number_unsigned_t = uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = base::Json::binary_t;

  bool null() { return put({}); }
  bool boolean(bool value) { return put({.kind = Kind::boolean, .boolean = value}); }
  bool number_integer(number_integer_t value) { return put(integer(std::to_string(value))); }
  bool number_unsigned(number_unsigned_t value) { return put(integer(std::to_string(value))); }
  bool number_float(number_float_t value, const string_t& digits) {
    const bool is_integer = digits.find_first_of(".eE") == std::string::npos;
    return put(is_integer ? integer(digits) : real(value));
  }
  bool string(string_t& value) { return put(text_value(std::move(value))); }
  bool binary(binary_t&) { return false; }
  bool start_object(size_t) { return open(Kind::object); }
  bool start_array(size_t) { return open(Kind::list); }
  bool key(string_t& name) {
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() {
    close_object(open_.back());
    return close();
  }
  bool end_array() { return close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) { return false; }

  Value take() { return std::move(root_); }

 private:
  bool open(Kind kind) {
    open_.push_back({.kind = kind});
    keys_.emplace_back();
    return open_.size() <= kMaxDepth;
  }
  bool close() {
    Value done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return put(std::move(done));
  }
  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().kind == Kind::list) {
      open_.back().items.push_back(std::move(value));
    } else {
      open_.back().members.emplace_back(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  Value root_;
  std::vector<Value> open_;        // lists and objects that are not closed yet, outermost first
  std::vector<std::string> keys_;  // of each of them, the key that waits for its value
};

bool is_number(const Value& value) {
  return value.kind == Kind::integer || value.kind == Kind::real || value.kind == Kind::boolean;
}

double as_double(const Value& value) {
  if (value.kind == Kind::real) return value.real;
  if (value.kind == Kind::boolean) return value.boolean;
  return std::strtod(value.text.c_str(), nullptr);
}

// The digits of a number that is an integer; "" for any other number. A double prints its exact integer value.
std::string integer_digits(const Value& value) {
  if (value.kind == Kind::boolean) return value.boolean ? "1" : "0";
  if (value.kind == Kind::integer) return value.text;
  if (!std::isfinite(value.real) || value.real != std::trunc(value.real)) return {};
  std::array<char, 400> digits;
  const int count = std::snprintf(digits.data(), digits.size(), "%.0f", value.real == 0 ? 0.0 : value.real);
  return {digits.data(), static_cast<size_t>(count)};
}

bool numbers_match(const Value& got, const Value& expected, double tolerance) {
  const std::string digits = integer_digits(got), wanted = integer_digits(expected);
  if (!digits.empty() && digits == wanted) return true;
  if (got.kind != Kind::real && expected.kind != Kind::real) return false;
  const double a = as_double(got), b = as_double(expected);
  if (digits.empty() && wanted.empty() && a == b) return true;
  return tolerance > 0 && std::isfinite(a) && std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

}  // namespace

std::optional<Value> parse_value(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // nlohmann's lexer takes it for the end
  Reader reader;
  if (!nlohmann::ordered_json::sax_parse(text, &reader)) return std::nullopt;
  return reader.take();
}

Value to_value(const base::Json& json) {
  if (json.is_boolean()) return {.kind = Kind::boolean, .boolean = json.get<bool>()};
  if (json.is_number_integer()) return integer(json.dump());
  if (json.is_number_float()) return real(json.get<double>());
  if (json.is_string()) return text_value(json.get<std::string>());
  if (json.is_null()) return {};
  Value value{.kind = json.is_array() ? Kind::list : Kind::object};
  for (const auto& [key, item] : json.items()) {
    if (json.is_array()) {
      value.items.push_back(to_value(item));
    } else {
      value.members.emplace_back(key, to_value(item));
    }
  }
  close_object(value);
  return value;
}

std::string to_text(const Value& value) {
  const auto quoted = [](const std::string& text) { return base::Json(text).dump(-1, ' ', true); };
  std::vector<std::string> parts;
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::integer:
      return value.text;
    case Kind::real:
      return base::Json(value.real).dump();
    case Kind::text:
      return quoted(value.text);
    case Kind::list:
      for (const Value& item : value.items) parts.push_back(to_text(item));
      return cat("[", base::join(parts, ","), "]");
    case Kind::object:
      for (const auto& [key, item] : value.members) parts.push_back(cat(quoted(key), ":", to_text(item)));
      return cat("{", base::join(parts, ","), "}");
  }
  return {};
}

bool values_equal(const Value& got, const Value& expected, double tolerance) {
  if (is_number(got) && is_number(expected)) return numbers_match(got, expected, tolerance);
  if (got.kind != expected.kind) return false;
  if (got.text != expected.text || got.items.size() != expected.items.size()) return false;
  for (size_t i = 0; i < got.items.size(); ++i) {
    if (!values_equal(got.items[i], expected.items[i], tolerance)) return false;
  }
  const auto same = [&](const auto& a, const auto& b) {
    return a.first == b.first && values_equal(a.second, b.second, tolerance);
  };
  return std::equal(got.members.begin(), got.members.end(), expected.members.begin(), expected.members.end(), same);
}

}  // namespace lockstep::rewards::code
