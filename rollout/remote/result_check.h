// SPDX-License-Identifier: Apache-2.0
// What a unit's completions must be before they are believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rollout/engine.h"

namespace lockstep::rollout::remote {

struct ExpectedGroup {
  const Request& request;  // stop ids
  const SamplingConfig& sampling;
  int num_samples = 0;
  int64_t vocab_size = 0;
  uint64_t weight_version = 0;
  size_t experts_per_token = 0;  // that are recorded
};

// What is wrong with the group, with the values; nullopt: nothing that can be seen without drawing it again.
std::optional<std::string> find_fault(const Group& group, const ExpectedGroup& expected);

}  // namespace lockstep::rollout::remote
