// SPDX-License-Identifier: Apache-2.0
// JSON values with integers of any size kept exact: arguments and results of function tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace lockstep::rewards::code {

struct Value {
  enum class Kind { null, boolean, integer, real, text, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  double real = 0;
  std::string text = {};          // of a text; of an integer its digits, "-12", without leading zeros
  std::vector<Value> items = {};  // of a list
  std::vector<std::pair<std::string, Value>> members = {};  // of an object, by ascending key, each key once
};

// One JSON document. Nothing for ill-formed text (also UTF-8), lone surrogates, NaN, and nesting above 100. Of equal keys
// the last counts, as in Python.
std::optional<Value> parse_value(std::string_view text);

// Integers that base::Json could not hold were rounded when the row was read: data sets with such give the tests as text.
Value to_value(const base::Json& json);
std::string to_text(const Value& value);  // JSON, ASCII only

// Equal as Python's ==: true equals 1, 2 equals 2.0, objects in any order of keys. With a tolerance above 0, numbers of which
// one is a real are equal when they differ by at most tolerance * max(1, |expected|).
bool values_equal(const Value& got, const Value& expected, double tolerance);

}  // namespace lockstep::rewards::code
