// SPDX-License-Identifier: Apache-2.0
// Group-relative advantages over a whole rollout, before it is split into updates.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rl {

struct AdvantageConfig {
  std::string multi_objective_aggregation = "sum_then_normalize";
  std::string adv_estimator = "grpo";
  std::string scale_rewards = "group";
  std::string std_estimator = "sample";
  double std_guard = 1e-4;
  double advantage_scale = 1.0;

  void visit(auto&& field) {
    field("multi_objective_aggregation", multi_objective_aggregation,
          "several rewards: normalise their weighted sum in the group, or each of them in the group and then their weighted sum "
          "over the batch (GDPO, rewards/aggregate.h; the options below do not apply then)",
          one_of({"sum_then_normalize", "normalize_then_sum"}));
    field("adv_estimator", adv_estimator,
          "grpo: r - mean of the group, scaled; rloo: r - mean of the others; reinforce_plus_plus_baseline: r - mean of the group, "
          "normalised over the tokens of the batch",
          one_of({"grpo", "rloo", "reinforce_plus_plus_baseline"}));
    field("scale_rewards", scale_rewards, "grpo: divide by the std of the group, of the whole batch, or not (Dr.GRPO)",
          one_of({"group", "batch", "none"}));
    field("std_estimator", std_estimator,
          "sample divides by n - 1 (as TRL), population by n; DeepSeekMath does not say",
          one_of({"sample", "population"}));
    field("std_guard", std_guard, "added to the std; DeepSeekMath gives none, TRL uses 1e-4", at_least(0));
    field("advantage_scale", advantage_scale, "a fixed divisor on top, for example 0.4 with scale_rewards none",
          above(0));
  }
};

struct GroupAdvantages {
  std::vector<double> advantages;   // [num_groups * G], 0 for skipped samples
  double reward_mean = 0;           // over the valid samples of the rollout
  double reward_std = 0;            // sample std of the same; 0 below two samples
  int64_t num_zero_std = 0;         // groups whose valid rewards are all equal
  double frac_reward_zero_std = 0;  // the same as a share of the groups with a valid one
  int64_t num_valid = 0;
};

// DeepSeekMath section 4.1.2 (arXiv:2402.03300), outcome supervision: A_i = (r_i - mean(r)) / (std(r) +
// guard), with the mean over the valid samples of the group.
//   rewards  [num_groups * G], group after group
//   valid    the same length, 0 = the sample could not be scored: no advantage, no part in any mean; empty =
//   all valid
// The estimator rloo subtracts the mean of the *other* valid samples (RLOO, arXiv:2402.14740): n / (n - 1) times
// the centred reward, not scaled. reinforce_plus_plus_baseline (REINFORCE++, arXiv:2501.03262; verl and OpenRLHF) gives the centred
// reward here; normalize_over_tokens is its second half.
// A group of equal rewards gets exactly 0. Sums run over sorted rewards: permuting a group permutes its
// advantages bit for bit. Error: a size that is no multiple of G, a valid reward that is NaN or infinite, an
// unknown option.
GroupAdvantages group_advantages(std::span<const double> rewards,
                                 std::span<const uint8_t> valid,
                                 int group_size,
                                 const AdvantageConfig& config);

// (A_i - mean) / std over the batch, sample i counting num_tokens[i] times (0: left as it is): verl's masked_whiten, with the variance
// over tokens - 1 and 1e-8 added to it. A group of equal rewards ends with what the others' mean leaves, as there. Nothing is
// done to fewer than two tokens. The order of samples has no influence on any bit.
void normalize_over_tokens(std::vector<double>& advantages, std::span<const double> num_tokens);

}  // namespace lockstep::rl
