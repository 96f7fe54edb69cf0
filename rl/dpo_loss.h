// SPDX-License-Identifier: Apache-2.0
// Direct preference optimisation (arXiv:2305.18290 eq. 7) and its relatives, on log-probabilities.
#pragma once

#include <vector>

#include "kernels/tensor.h"
#include "rl/dpo_config.h"

namespace lockstep::rl {

// Sums over pairs, so that micro-batches and ranks can be added; `loss` is divided by the pairs of the update already.
struct DpoMetrics {
  double loss = 0, num_pairs = 0;
  double chosen_reward = 0, rejected_reward = 0;  // beta (log pi - log pi_ref) of the sequence
  double num_right = 0;                           // chosen above rejected
  double chosen_logp = 0, rejected_logp = 0;
  DpoMetrics& operator+=(const DpoMetrics& other);
};

struct DpoLoss {
  Tensor loss;  // scalar
  DpoMetrics metrics;
};

// With D = (log pi - log pi_ref)(chosen) - (log pi - log pi_ref)(rejected), sums over tokens (ipo: means), per pair
//   sigmoid  -(1 - s) log sigma(beta D) - s log sigma(-beta D), s = label_smoothing     hinge  max(0, 1 - beta D)
//   ipo      (D - 1 / (2 beta))^2
// divided by num_pairs of the whole update. logprobs [T] f32|f64 of the samples one after the other, chosen and rejected by turns,
// sample s at sample_offsets[s]; ref_logprobs likewise. Error: a log-probability of the policy that is not finite.
DpoLoss dpo_loss(const Tensor& logprobs, const Tensor& ref_logprobs, const std::vector<int64_t>& sample_offsets, const DpoLossConfig& config,
                 double num_pairs);

}  // namespace lockstep::rl
