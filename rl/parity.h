// SPDX-License-Identifier: Apache-2.0
// The numeric contract, checked: are the log-probabilities that the sampler recorded those that the learner computes?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rollout/engine.h"
#include "model/transformer.h"

namespace lockstep::rl {

struct ParityReport {
  int64_t num_tokens = 0;      // drawn and scored again
  int64_t num_different = 0;   // whose two log-probabilities differ in a bit
  double max_difference = 0;   // largest |difference|
  int64_t num_experts = 0, num_different_experts = 0;  // routed ids, of engines that record them
  std::string first_difference = {};  // "request 3, sample 1, token 17: -0.25 drawn, -0.2500001 computed"
};

// Draws groups for `requests` (with batching, shared prompts and refills as they come) and scores every completion through
// the learner's forward pass, gradients recorded, packed into micro-batches of about `max_tokens`. Routed experts are compared
// where the completions hold them.
ParityReport check_parity(const model::Transformer& model,
                          rollout::Engine& engine,
                          const std::vector<rollout::Request>& requests,
                          const rollout::SamplingConfig& sampling,
                          uint64_t seed,
                          int64_t max_tokens);

}  // namespace lockstep::rl
