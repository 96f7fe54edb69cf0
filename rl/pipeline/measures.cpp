// SPDX-License-Identifier: Apache-2.0
// The columns of a table of models.
#include "rl/pipeline/measures.h"

#include <algorithm>

namespace lockstep::rl::pipeline {
namespace {

bool repeats_another(const std::string& key) {
  return key.starts_with("num_") || key.ends_with("/std") || key == "rewards/format/mean" ||
         (key.starts_with("rewards/accuracy") && key.ends_with("/mean"));
}

}  // namespace

std::vector<std::string> shown_measures(const base::Json& models) {
  std::vector<std::string> keys;
  for (const auto& [model, result] : models.items())
    for (const auto& [key, value] : result.items()) {
      if (!value.is_number() || repeats_another(key) || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      if (key.ends_with("_ratio") && value.get<double>() == 0) continue;
      keys.push_back(key);
    }
  return keys;
}

}  // namespace lockstep::rl::pipeline
