// SPDX-License-Identifier: Apache-2.0
// The loss of supervised fine-tuning and distillation.
#pragma once

#include "rl/loss.h"

namespace lockstep::rl {

// - sum_n weights_n logprobs_n / total_weight: the weighted mean negative log-likelihood of a token.
//   logprobs  [N] f32|f64, the gradient flows into it
//   weights   [N] >= 0, 0 = prompt or padding, contributes exactly nothing; undefined = ones
//   total_weight  the sum of the weights of the whole update, so that micro-batches and shards add up
// Error: a weighted log-probability that is not finite; internal check: shapes, a negative weight,
// total_weight <= 0.
LossOutput sft_loss(const Tensor& logprobs, const Tensor& weights, double total_weight);

}  // namespace lockstep::rl
