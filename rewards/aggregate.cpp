// SPDX-License-Identifier: Apache-2.0
// Normalisation of each reward in its group, then of their sum over the batch, in f64.
#include "rewards/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr double kGuard = 1e-4;  // TRL's
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Replaces the values that are not NaN by their z-scores among themselves; flat ones by 0.
void normalize(std::vector<double>& values) {
  std::vector<double> sorted;
  for (const double value : values) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  if (sorted.empty()) return;
  std::sort(sorted.begin(), sorted.end());
  const bool is_flat = sorted.front() == sorted.back();
  const auto n = static_cast<double>(sorted.size());
  double sum = 0, squares = 0;
  for (const double value : sorted) sum += value;
  const double mean = sum / n;
  for (const double value : sorted) squares += (value - mean) * (value - mean);
  const double divisor = is_flat ? 1 : std::sqrt(squares / (n - 1)) + kGuard;
  for (double& value : values) {
    if (!std::isnan(value)) value = is_flat ? 0 : (value - mean) / divisor;
  }
}

void check_weights(const RewardTable& table, std::span<const double> weights) {
  if (weights.size() != table.num_rewards) {
    throw Error(cat(weights.size(), " weights for ", table.num_rewards, " rewards"), "reward weights", "give one weight per reward");
  }
}

}  // namespace

RewardTable reward_table(std::span<const CombinedScore> scores, size_t num_rewards) {
  RewardTable table{num_rewards, {}};
  for (const CombinedScore& score : scores) {
    LOCKSTEP_CHECK(score.parts.size() == num_rewards, "one part per reward");
    const bool is_scored = score.status == Status::ok;
    for (const Score& part : score.parts) table.values.push_back(is_scored && part.status == Status::ok ? part.value : kNone);
  }
  return table;
}

std::vector<double> weighted_sums(const RewardTable& table, std::span<const double> weights) {
  check_weights(table, weights);
  std::vector<double> sums;
  for (size_t i = 0; i < table.num_samples(); ++i) {
    double sum = 0;
    bool is_scored = false;
    for (size_t k = 0; k < table.num_rewards; ++k) {
      const double value = table.values[i * table.num_rewards + k];
      if (std::isnan(value)) continue;
      sum += weights[k] * value;
      is_scored = true;
    }
    sums.push_back(is_scored ? sum : kNone);
  }
  return sums;
}

std::vector<double> normalize_then_sum(const RewardTable& table, std::span<const double> weights, int group_size) {
  check_weights(table, weights);
  const auto group = static_cast<size_t>(std::max(group_size, 1));
  if (group_size < 1 || table.num_samples() % group != 0) {
    throw Error(cat(table.num_samples(), " samples do not split into groups of ", group_size), "rewards/aggregate",
                "pass num_generations samples for every prompt");
  }
  RewardTable normalized = table;
  std::vector<double> column(group);
  for (size_t first = 0; first < table.num_samples(); first += group) {
    for (size_t k = 0; k < table.num_rewards; ++k) {
      for (size_t i = 0; i < group; ++i) column[i] = table.values[(first + i) * table.num_rewards + k];
      normalize(column);
      for (size_t i = 0; i < group; ++i) normalized.values[(first + i) * table.num_rewards + k] = column[i];
    }
  }
  std::vector<double> advantages = weighted_sums(normalized, weights);
  normalize(advantages);
  for (double& advantage : advantages) advantage = std::isnan(advantage) ? 0 : advantage;
  return advantages;
}

}  // namespace lockstep::rewards
