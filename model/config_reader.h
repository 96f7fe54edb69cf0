// SPDX-License-Identifier: Apache-2.0
// Reads typed, range-checked values out of one JSON object of a model's config.json; internal to model/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::model {

// Every getter treats `null` as absent (Hugging Face writes null for "take the default") and throws Error
// with the key's JSON path when a value is missing, of the wrong kind or out of range.
class ConfigReader {
 public:
  // `json` must outlive the reader. `path` is the JSON path of the object itself, "" for the root.
  ConfigReader(const base::Json& json, std::string origin, std::string path = "");

  const base::Json* find(const std::string& key) const;  // null when absent; a JSON null is returned as such
  bool has(const std::string& key) const;                // present and not null
  std::string where(const std::string& key) const;       // "config.json: /rope_scaling/factor"
  ConfigReader child(const std::string& key) const;      // a reader of the object under a key that is present

  struct Bounds {
    int64_t low, high;
  };
  int64_t integer(const std::string& key, std::optional<int64_t> fallback, Bounds bounds) const;
  std::optional<int64_t> optional_integer(const std::string& key, Bounds bounds) const;
  double number(const std::string& key, std::optional<double> fallback, double low, double high) const;
  std::optional<double> optional_number(const std::string& key, double low, double high) const;
  bool flag(const std::string& key, bool fallback) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  // An integer or a list of integers; nullopt when the key is absent, empty when it is null.
  std::optional<std::vector<int64_t>> integers(const std::string& key, Bounds bounds) const;

  // The one of several names of the same key that is present (the first when none is). Two names with
  // different values are an Error.
  std::string alias(const std::vector<std::string>& keys) const;

  [[noreturn]] void refuse(const std::string& key, const std::string& what, const std::string& fix) const;

 private:
  int64_t checked_integer(const base::Json& value, const std::string& key, Bounds bounds) const;

  const base::Json& json_;
  std::string origin_, path_;
};

}  // namespace lockstep::model
