// SPDX-License-Identifier: Apache-2.0
// Several rewards to one advantage, where each reward is normalised on its own first (TRL's normalize_then_sum).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rewards/combined.h"

namespace lockstep::rewards {

// What each reward gave each sample, [num_samples, num_rewards]; NaN: no score (skip, error, timeout). A sample that only
// rewards of weight 0 scored has none at all, as its combined status says.
struct RewardTable {
  size_t num_rewards = 0;
  std::vector<double> values;
  size_t num_samples() const { return num_rewards == 0 ? 0 : values.size() / num_rewards; }
};
RewardTable reward_table(std::span<const CombinedScore> scores, size_t num_rewards);

// sum_then_normalize, its first half: sum of weight * value over the rewards that scored (TRL's nansum); NaN for a sample
// that no reward scored. What follows is the group's normalisation, as for one reward.
std::vector<double> weighted_sums(const RewardTable& table, std::span<const double> weights);

// normalize_then_sum (GDPO, arXiv:2601.05242; TRL's multi_objective_aggregation). For each group and reward k over the samples
// that k scored: z = (r - mean) / (std + 1e-4), std with divisor n - 1. Then a = sum of weight * z, and over the whole batch
// A = (a - mean(a)) / (std(a) + 1e-4). 0 for samples that no reward scored; they are in no mean. A reward that is flat in a
// group (all equal, or one score) gives z = 0 there, and a batch of equal sums A = 0: exactly, not as rounding over the guard.
//   table        num_samples = groups * group_size, group after group
// Sums run over sorted values: permuting the samples of a group permutes their advantages bit for bit.
// Error when the samples do not split into groups, or when the weights are not one per reward.
std::vector<double> normalize_then_sum(const RewardTable& table, std::span<const double> weights, int group_size);

}  // namespace lockstep::rewards
