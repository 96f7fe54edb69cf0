// SPDX-License-Identifier: Apache-2.0
// Draws the next token from a row of logits: Gumbel-max with noise that depends only on who draws, and at which position.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/cpu/log_softmax.h"
#include "kernels/cpu/noise.h"
#include "rollout/engine.h"

namespace lockstep::rollout {

struct Draw {
  TokenId id = 0;
  float logprob = 0;  // log-softmax of the row in f32, before truncation
};

// The race of one draw over all entries of a row, which may come in parts, in order.
class Race {
 public:
  // With noise, or for the largest logit.
  void enter(const kernels::cpu::NoisyRow& part, const kernels::cpu::NoiseSource& source, bool has_noise);
  // `sums` of the whole row. Nothing when a logit is NaN or +inf, or all are -inf.
  std::optional<Draw> result(const kernels::cpu::SoftmaxSums& sums, float temperature) const;

 private:
  kernels::cpu::BestEntry best_;
  float logit_ = 0;
};

// id = argmax over the kept entries i of logit_i + gumbel_i, ties to the lowest index: an exact draw from softmax(logits) over
// the kept entries (Gumbel, 1954). Noise: rollout/noise.h. Temperature 0: the largest logit.
class Sampler {
 public:
  Sampler(const SamplingConfig& config, int64_t vocab_size);

  // What logits must be divided by before `draw` gets them; 1 when greedy.
  static double temperature(const SamplingConfig& config);

  // `logits` [V] f32, already divided by the temperature. Nothing when one of them is NaN or +inf, or all are -inf.
  // Not thread-safe (scratch rows).
  std::optional<Draw> draw(const float* logits, uint64_t noise_key, int64_t position);

 private:
  // Among the entries that truncation keeps.
  int64_t race_kept(const float* logits, uint64_t noise_key, int64_t position);

  SamplingConfig config_;
  int64_t vocab_size_;
  std::vector<float> weights_;  // [V] exp(logit - largest logit), when truncating
  std::vector<int32_t> kept_;
};

// The same definition, one entry after the other.
std::optional<Draw> draw_ref(
    const float* logits, int64_t vocab_size, const SamplingConfig& config, uint64_t noise_key, int64_t position);

}  // namespace lockstep::rollout
