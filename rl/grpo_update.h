// SPDX-License-Identifier: Apache-2.0
// From a scored rollout to gradients: advantages, minibatches, and one update's loss.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "rl/learner.h"
#include "rl/loss.h"
#include "rl/packing.h"
#include "rl/rollout_logprobs.h"
#include "rl/run_config.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// One completion of a rollout with its advantage.
struct TrainSample {
  size_t group = 0, index = 0;  // into the rollout
  double advantage = 0;
  bool has_loss = true;         // false: masked (truncated) - counts as a sample, contributes nothing
};

struct RolloutAdvantages {
  std::vector<TrainSample> samples;  // every scored sample, group after group
  GroupAdvantages stats;
};

// DeepSeekMath's outcome supervision over the whole rollout, before any split; samples that no reward could score are left out.
// `weights` are the rewards', one for each part of a score; normalize_then_sum needs them, sum_then_normalize does not.
// Where rollout.kl is set, beta times it is subtracted from the rewards first; the reward statistics are those without.
RolloutAdvantages rollout_advantages(const Rollout& rollout, const GrpoConfig& config, std::span<const double> weights = {});

// The rollout's samples in `num_minibatches` parts of whole groups, in an order keyed by (seed, step, iteration).
std::vector<std::vector<TrainSample>> split_minibatches(const RolloutAdvantages& advantages, size_t num_groups,
                                                        const GrpoConfig& config, uint64_t seed, int64_t step, int iteration);

// Before the first update after a rollout the learner computes what the sampler computed: where the kernels on `device` keep
// the numeric contract, a difference is a fault of ours, and an Error unless config.logp_mismatch says "log".
void check_on_policy(const LossMetrics& metrics, const GrpoConfig& config, const at::Device& device, int64_t step);

// What an update depends on besides rollout and config.
struct UpdateContext {
  const model::Transformer* reference = nullptr;  // may be null where there is no KL term in the loss
  double entropy_coef = 0;                        // as it stands; rl/entropy.h
  const CompletionLogprobs* old = nullptr;        // of the policy before the rollout's first update; null: this is that update
};

// Whether pi_old / pi_sampler weighs the terms: the log-probabilities that the sampler recorded are not those of the old policy,
// which are then computed anew.
bool corrects_sampler(const Rollout& rollout, const LossConfig& config);

// Loss and gradients (left in .grad() of the learner's model) of one minibatch. Samples whose loss is zero by construction (advantage
// 0, no KL term and no use of its entropy, or masked) are counted in the totals but not computed. With top_entropy_quantile below 1
// a pass before finds the threshold over all tokens of the minibatch.
LossMetrics accumulate_grpo(Learner& learner,
                            const Rollout& rollout,
                            const std::vector<TrainSample>& minibatch,
                            const GrpoConfig& config,
                            const UpdateContext& context);

}  // namespace lockstep::rl
