// SPDX-License-Identifier: Apache-2.0
// References between stages.
#include "rl/pipeline/references.h"

#include <optional>

#include "base/text.h"

namespace lockstep::rl::pipeline {
namespace {

std::optional<Reference> parse(const std::string& text) {
  if (!text.starts_with("@") || text.starts_with("@@")) return std::nullopt;
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return Reference{text.substr(1), ""};
  return Reference{text.substr(1, slash - 1), text.substr(slash + 1)};
}

}  // namespace

void for_each_reference(const base::Json& config, const std::string& path,
                        const std::function<void(const Reference& reference, const std::string& where)>& visit) {
  if (config.is_string()) {
    if (const auto reference = parse(config.get<std::string>())) visit(*reference, path);
  } else if (config.is_object()) {
    for (const auto& [key, value] : config.items()) for_each_reference(value, cat(path, "/", key), visit);
  } else if (config.is_array()) {
    for (size_t i = 0; i < config.size(); ++i) for_each_reference(config[i], cat(path, "/", i), visit);
  }
}

base::Json replace_references(const base::Json& config, const std::function<std::string(const Reference&)>& resolve) {
  base::Json out = config;
  if (out.is_string()) {
    const auto& text = config.get_ref<const std::string&>();
    if (const auto reference = parse(text)) return resolve(*reference);
    if (text.starts_with("@@")) return text.substr(1);
  } else if (out.is_structured()) {
    for (auto& value : out) value = replace_references(value, resolve);
  }
  return out;
}

}  // namespace lockstep::rl::pipeline
