// SPDX-License-Identifier: Apache-2.0
// What a run will need, computed from its config before anything is loaded: `lockstep train --dry-run`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rl/run_config.h"

namespace lockstep::rl {

// Bytes of the largest stage, and tokens of all of them. Activations are what the backward pass keeps of the micro-batches
// that are worked on at the same time, counted from the shapes of the forward definition when completions are as long as they may be, and what operations need for
// themselves. The packed weights are the rollout's own arrangement of them, whose memory is kept between rollouts.
struct Budget {
  static constexpr int64_t program_bytes = int64_t{270} << 20;  // LibTorch and the program, measured
  int64_t num_parameters = 0;
  int64_t weight_bytes = 0, packed_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0, reference_bytes = 0, cache_bytes = 0, activation_bytes = 0;
  int64_t pretrain_tokens = 0, sft_tokens = 0;   // trained tokens, at least
  int64_t completion_tokens_per_step = 0, completion_tokens = 0;  // of GRPO, at most
  int64_t total_bytes() const {
    return program_bytes + weight_bytes + packed_bytes + gradient_bytes + optimizer_bytes + reference_bytes + cache_bytes + activation_bytes;
  }
  // One line each, as a person reads it.
  std::vector<std::string> lines() const;
};

// Opens the model's files (their headers only); of a folder without weights its config.json, comments allowed. `prompt_tokens` of a prompt of reinforcement learning; by default the mean of the
// first training prompts. Errors: those of the files and of the model's config.
Budget make_budget(const RunConfig& config, std::optional<int64_t> prompt_tokens = std::nullopt);

}  // namespace lockstep::rl
