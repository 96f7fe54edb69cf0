// SPDX-License-Identifier: Apache-2.0
// Draws tokens from rows of hidden states: the logits are made, weighed and forgotten block by block.
#pragma once

#include <optional>
#include <vector>

#include "kernels/token_logprobs.h"
#include "rollout/sampler.h"

namespace lockstep::rollout {

// Who draws from which row, for which position of its sequence.
struct DrawQuery {
  int64_t row = 0;
  uint64_t noise_key = 0;
  int64_t position = 0;
};

// The draws of Sampler, bit for bit. Rows whose distribution is truncated are made whole, a few at a time.
class RowSampler {
 public:
  RowSampler(const SamplingConfig& config, int64_t vocab_size);

  // hidden [N, D], head [V, D]; queries in ascending order of their rows. One draw per query, valid until the next call. Not
  // thread-safe.
  const std::vector<std::optional<Draw>>& draw(const Tensor& hidden, const kernels::Weight& head, const std::vector<DrawQuery>& queries);

 private:
  void race(const Tensor& hidden, const kernels::Weight& head, const std::vector<DrawQuery>& queries);
  void draw_whole(const Tensor& hidden, const kernels::Weight& head, const std::vector<DrawQuery>& queries);

  SamplingConfig config_;
  int64_t vocab_size_;
  Sampler sampler_;
  std::vector<Race> races_;                   // by query
  std::vector<kernels::cpu::SoftmaxSums> sums_;  // by row
  std::vector<std::optional<Draw>> draws_;
};

}  // namespace lockstep::rollout
