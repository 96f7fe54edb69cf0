// SPDX-License-Identifier: Apache-2.0
// The pairwise loss of a reward model (Bradley-Terry; InstructGPT, arXiv:2203.02155 eq. 1).
#pragma once

#include <vector>

#include "kernels/tensor.h"

namespace lockstep::rl {

// Sums over pairs, so that micro-batches and ranks can be added; `loss` is divided by the pairs of the update already.
struct RewardMetrics {
  double loss = 0, num_pairs = 0;
  double num_right = 0;  // r_chosen above r_rejected
  double margin = 0;     // r_chosen - r_rejected
  double reward = 0, squared_reward = 0;  // over both sides
  double min_reward = 0, max_reward = 0;  // meaningful when there is a pair
  RewardMetrics& operator+=(const RewardMetrics& other);
};

struct RewardLoss {
  Tensor loss;  // scalar
  RewardMetrics metrics;
};

// Per pair, as TRL's RewardTrainer has it:
//   -log sigma(r_chosen - r_rejected - margin) + center_rewards_coefficient (r_chosen + r_rejected)^2
// divided by num_pairs of the whole update (with all K (K - 1) / 2 pairs of a prompt in the data it is InstructGPT's eq. 1; margin:
// Llama 2, arXiv:2307.09288 eq. 2; centring: arXiv:2312.09244 eq. 2). In f64. scores [2 P] f32|f64, chosen and rejected by turns;
// margins [P]. Error: a score that is not finite.
RewardLoss reward_loss(const Tensor& scores, const std::vector<double>& margins, double center_rewards_coefficient, double num_pairs);

}  // namespace lockstep::rl
