// SPDX-License-Identifier: Apache-2.0
// From a scored rollout to gradients: advantages, minibatches, and one update's loss.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "rl/learner.h"
#include "rl/loss.h"
#include "rl/packing.h"
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
RolloutAdvantages rollout_advantages(const Rollout& rollout, const GrpoConfig& config, std::span<const double> weights = {});

// The rollout's samples in `num_minibatches` parts of whole groups, in an order keyed by (seed, step, iteration).
std::vector<std::vector<TrainSample>> split_minibatches(const RolloutAdvantages& advantages, size_t num_groups,
                                                        const GrpoConfig& config, uint64_t seed, int64_t step, int iteration);

// Before the first update after a rollout the learner computes what the sampler computed: where the kernels on `device` keep
// the numeric contract, a difference is a fault of ours, and an Error unless config.logp_mismatch says "log".
void check_on_policy(const LossMetrics& metrics, const GrpoConfig& config, const at::Device& device, int64_t step);

// Loss and gradients (left in .grad() of the learner's model) of one minibatch. Samples whose loss is zero by construction (advantage
// 0 and no KL term, or masked) are counted in the totals but not computed. `reference` may be null when beta is 0.
LossMetrics accumulate_grpo(Learner& learner,
                            const Rollout& rollout,
                            const std::vector<TrainSample>& minibatch,
                            const GrpoConfig& config,
                            const model::Transformer* reference);

}  // namespace lockstep::rl
