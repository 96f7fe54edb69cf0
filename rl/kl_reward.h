// SPDX-License-Identifier: Apache-2.0
// The KL to the reference model as a part of the reward, where it is not a term of the loss.
#pragma once

#include "rl/rollout_logprobs.h"

namespace lockstep::rl {

// sum_t D(pi_sampler, pi_ref) of every completion, group after group, and the tokens that they have (the penalty of
// arXiv:2009.01325, summed over the sample): D by kl_loss_type, k1 unless it says otherwise, from the rollout's own
// log-probabilities and those of the reference. rollout_advantages subtracts beta times it from the rewards.
RolloutKl rollout_kl(const Rollout& rollout, const CompletionLogprobs& reference, const LossConfig& config);

}  // namespace lockstep::rl
