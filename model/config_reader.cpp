// SPDX-License-Identifier: Apache-2.0
// The typed getters and their Errors.
#include "model/config_reader.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

using base::Json;

// A value as it may be quoted in an Error: short, whatever the file holds.
std::string quoted(const Json& value) {
  constexpr size_t kLongest = 60;
  if (value.is_structured()) return cat("a JSON ", value.type_name(), " of size ", value.size());
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace

ConfigReader::ConfigReader(const Json& json, std::string origin, std::string path)
    : json_(json), origin_(std::move(origin)), path_(std::move(path)) {
  if (!json.is_object()) {
    throw Error(cat("a model config must be a JSON object, this is ", quoted(json)),
                cat(origin_, ": ", path_.empty() ? "/" : path_),
                "give the config.json of a Hugging Face model folder");
  }
}

const Json* ConfigReader::find(const std::string& key) const {
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

bool ConfigReader::has(const std::string& key) const {
  const Json* value = find(key);
  return value != nullptr && !value->is_null();
}

std::string ConfigReader::where(const std::string& key) const { return cat(origin_, ": ", path_, "/", key); }

ConfigReader ConfigReader::child(const std::string& key) const {
  return ConfigReader(json_.at(key), origin_, cat(path_, "/", key));
}

void ConfigReader::refuse(const std::string& key, const std::string& what, const std::string& fix) const {
  throw Error(what, where(key), fix);
}

int64_t ConfigReader::checked_integer(const Json& value, const std::string& key, Bounds bounds) const {
  if (!value.is_number_integer()) {
    refuse(key, cat(key, " must be an integer, it is ", quoted(value)),
           "write a whole number without a fraction");
  }
  const bool is_huge = value.is_number_unsigned() &&
                       value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (is_huge || value.get<int64_t>() < bounds.low || value.get<int64_t>() > bounds.high) {
    refuse(key, cat(key, " = ", quoted(value), " is out of range"),
           cat("use a value from ", bounds.low, " to ", bounds.high));
  }
  return value.get<int64_t>();
}

int64_t ConfigReader::integer(const std::string& key, std::optional<int64_t> fallback, Bounds bounds) const {
  if (has(key)) return checked_integer(*find(key), key, bounds);
  if (!fallback) refuse(key, cat(key, " is missing"), "add the key; it has no default");
  return *fallback;
}

std::optional<int64_t> ConfigReader::optional_integer(const std::string& key, Bounds bounds) const {
  if (!has(key)) return std::nullopt;
  return checked_integer(*find(key), key, bounds);
}

double ConfigReader::number(const std::string& key,
                            std::optional<double> fallback,
                            double low,
                            double high) const {
  if (const auto value = optional_number(key, low, high)) return *value;
  if (!fallback) refuse(key, cat(key, " is missing"), "add the key; it has no default");
  return *fallback;
}

std::optional<double> ConfigReader::optional_number(const std::string& key, double low, double high) const {
  if (!has(key)) return std::nullopt;
  const Json& value = *find(key);
  if (!value.is_number())
    refuse(key, cat(key, " must be a number, it is ", quoted(value)), "write a JSON number");
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < low || number > high) {
    refuse(key, cat(key, " = ", quoted(value), " is out of range"),
           cat("use a value from ", low, " to ", high));
  }
  return number;
}

bool ConfigReader::flag(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  const Json& value = *find(key);
  if (!value.is_boolean()) {
    refuse(key, cat(key, " must be true or false, it is ", quoted(value)), "write true or false");
  }
  return value.get<bool>();
}

std::string ConfigReader::text(const std::string& key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  const Json& value = *find(key);
  if (!value.is_string())
    refuse(key, cat(key, " must be a string, it is ", quoted(value)), "write a JSON string");
  return value.get<std::string>();
}

std::optional<std::vector<int64_t>> ConfigReader::integers(const std::string& key, Bounds bounds) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::vector<int64_t> result;
  if (value->is_null()) return result;
  if (!value->is_array()) return std::vector<int64_t>{checked_integer(*value, key, bounds)};
  for (const Json& element : *value) result.push_back(checked_integer(element, key, bounds));
  return result;
}

std::string ConfigReader::alias(const std::vector<std::string>& keys) const {
  const std::string* present = nullptr;
  for (const std::string& key : keys) {
    if (!has(key)) continue;
    if (present != nullptr && *find(key) != *find(*present)) {
      refuse(key,
             cat(key, " = ", quoted(*find(key)), " but ", *present, " = ", quoted(*find(*present)),
                 "; they are two names of one thing"),
             "keep one of the two keys");
    }
    if (present == nullptr) present = &key;
  }
  return present == nullptr ? keys.front() : *present;
}

}  // namespace lockstep::model
