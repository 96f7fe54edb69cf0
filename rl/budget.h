// SPDX-License-Identifier: Apache-2.0
// What a run will need, computed from its config before anything is loaded: `lockstep train --dry-run`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rl/run_config.h"

namespace lockstep::rl {

// Bytes of the largest stage, and tokens of all of them. Activations are what the backward pass keeps of one micro-batch per
// shard, counted from the shapes of the forward definition when completions are as long as they may be; prompts, logits and
// what an operation needs for itself are left out. The packed weights are the rollout's own arrangement of them, whose memory is
// kept between rollouts. LibTorch and the program come on top, some 400 MiB.
struct Budget {
  int64_t num_parameters = 0;
  int64_t weight_bytes = 0, packed_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0, reference_bytes = 0, cache_bytes = 0, activation_bytes = 0;
  int64_t pretrain_tokens = 0, sft_tokens = 0;   // trained tokens, at least
  int64_t completion_tokens_per_step = 0, completion_tokens = 0;  // of GRPO, at most
  int64_t total_bytes() const {
    return weight_bytes + packed_bytes + gradient_bytes + optimizer_bytes + reference_bytes + cache_bytes + activation_bytes;
  }
  // One line each, as a person reads it.
  std::vector<std::string> lines() const;
};

// Opens the model's files (their headers only). Errors: those of the files and of the model's config.
Budget make_budget(const RunConfig& config);

}  // namespace lockstep::rl
