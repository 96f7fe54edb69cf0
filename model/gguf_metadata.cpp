// SPDX-License-Identifier: Apache-2.0
// The typed look-ups.
#include "model/gguf_metadata.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {

void GgufMetadata::refuse(const std::string& key, const std::string& what, const std::string& fix) const {
  throw Error(what, cat(path_, ": key ", key), fix);
}

template <class T>
const T* GgufMetadata::find(const std::string& key, const char* kind) const {
  const auto found = file_.metadata.find(key);
  if (found == file_.metadata.end()) return nullptr;
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) refuse(key, cat("the value of ", key, " is no ", kind), "fetch or write the file again");
  return value;
}

std::optional<int64_t> GgufMetadata::integer(const std::string& key) const {
  const auto* value = find<int64_t>(key, "integer");
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<double> GgufMetadata::number(const std::string& key) const {
  const auto found = file_.metadata.find(key);
  if (found != file_.metadata.end() && std::holds_alternative<int64_t>(found->second)) {
    return static_cast<double>(std::get<int64_t>(found->second));
  }
  const auto* value = find<double>(key, "number");
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<bool> GgufMetadata::flag(const std::string& key) const {
  const auto* value = find<bool>(key, "bool");
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const std::string* GgufMetadata::text(const std::string& key) const { return find<std::string>(key, "string"); }

const std::vector<int64_t>* GgufMetadata::integers(const std::string& key) const {
  return find<std::vector<int64_t>>(key, "array of integers");
}

const std::vector<double>* GgufMetadata::numbers(const std::string& key) const {
  return find<std::vector<double>>(key, "array of numbers");
}

const std::vector<std::string>* GgufMetadata::texts(const std::string& key) const {
  return find<std::vector<std::string>>(key, "array of strings");
}

int64_t GgufMetadata::required_integer(const std::string& key) const {
  const auto value = integer(key);
  if (!value) refuse(key, cat(key, " is missing"), "write the file again with a converter that adds it");
  return *value;
}

}  // namespace lockstep::model
