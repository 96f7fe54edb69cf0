// SPDX-License-Identifier: Apache-2.0
// Group means and standard deviations, in f64.
#include "rl/advantage.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

struct Moments {
  double mean = 0;
  double sample_std = 0, population_std = 0;
  bool is_flat = true;  // fewer than two values, or all equal
};

// Sorts `values`, so that the result does not depend on their order.
Moments moments(std::vector<double>& values) {
  Moments out;
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  out.is_flat = values.front() == values.back();
  out.mean = values.front();  // exact where the sum divided by n is not
  if (out.is_flat) return out;

  double sum = 0, squares = 0;
  for (double value : values) sum += value;
  out.mean = sum / n;
  for (double value : values) squares += (value - out.mean) * (value - out.mean);
  out.sample_std = std::sqrt(squares / (n - 1));
  out.population_std = std::sqrt(squares / n);
  return out;
}

void check_input(std::span<const double> rewards,
                 std::span<const uint8_t> valid,
                 int group_size,
                 const AdvantageConfig& config) {
  const auto group = static_cast<size_t>(std::max(group_size, 1));
  if (group_size < 1 || rewards.size() % group != 0) {
    throw Error(cat(rewards.size(), " rewards do not split into groups of ", group_size), "rl/advantage",
                "pass num_generations rewards for every prompt of the rollout");
  }
  LOCKSTEP_CHECK(valid.empty() || valid.size() == rewards.size(), "one validity flag per reward");
  for (size_t i = 0; i < rewards.size(); ++i) {
    if ((valid.empty() || valid[i]) && !std::isfinite(rewards[i])) {
      throw Error(cat("the reward is ", rewards[i]), cat("group ", i / group, ", sample ", i % group),
                  "let the reward function return a finite number, or skip the sample");
    }
  }
  const auto& estimator = config.adv_estimator;
  if (estimator != "grpo" && estimator != "rloo" && estimator != "reinforce_plus_plus_baseline") {
    throw Error(cat("unknown adv_estimator \"", estimator, "\""), "adv_estimator", "use grpo, rloo or reinforce_plus_plus_baseline");
  }
  const auto& scale = config.scale_rewards;
  if (scale != "group" && scale != "batch" && scale != "none") {
    throw Error(cat("unknown scale_rewards \"", scale, "\""), "scale_rewards", "use group, batch or none");
  }
  if (config.std_estimator != "sample" && config.std_estimator != "population") {
    throw Error(cat("unknown std_estimator \"", config.std_estimator, "\""), "std_estimator",
                "use sample or population");
  }
}

// What the rewards of one group (or of the whole rollout) hold, skipped samples left out.
struct Rewards {
  std::span<const double> values;
  std::span<const uint8_t> valid;  // empty = all

  bool is_valid(size_t i) const { return valid.empty() || valid[i] != 0; }
  Rewards group(size_t first, size_t size) const {
    return {values.subspan(first, size), valid.empty() ? valid : valid.subspan(first, size)};
  }
  std::vector<double> scored() const {
    std::vector<double> out;
    for (size_t i = 0; i < values.size(); ++i) {
      if (is_valid(i)) out.push_back(values[i]);
    }
    return out;
  }
};

double divisor(const Moments& group, const Moments& batch, double group_size, const AdvantageConfig& config) {
  if (config.adv_estimator == "rloo") return config.advantage_scale * (group_size - 1) / group_size;
  if (config.adv_estimator != "grpo") return config.advantage_scale;
  if (config.scale_rewards == "none") return config.advantage_scale;
  const Moments& m = config.scale_rewards == "group" ? group : batch;
  const double std = config.std_estimator == "sample" ? m.sample_std : m.population_std;
  return config.advantage_scale * (std + config.std_guard);
}

}  // namespace

GroupAdvantages group_advantages(std::span<const double> rewards,
                                 std::span<const uint8_t> valid,
                                 int group_size,
                                 const AdvantageConfig& config) {
  check_input(rewards, valid, group_size, config);
  const Rewards rollout{rewards, valid};
  std::vector<double> all = rollout.scored();
  const Moments batch = moments(all);
  GroupAdvantages out;
  out.advantages.assign(rewards.size(), 0.0);
  out.num_valid = static_cast<int64_t>(all.size());
  out.reward_mean = batch.mean;
  out.reward_std = batch.sample_std;

  double num_groups = 0, num_flat = 0;
  const auto size = static_cast<size_t>(group_size);
  for (size_t first = 0; first < rewards.size(); first += size) {
    const Rewards group = rollout.group(first, size);
    std::vector<double> scored = group.scored();
    if (scored.empty()) continue;
    const Moments m = moments(scored);
    const double by = divisor(m, batch, static_cast<double>(scored.size()), config);
    num_groups += 1;
    num_flat += m.is_flat;
    if (m.is_flat) continue;  // exactly 0, not a rounding error over the guard
    for (size_t i = 0; i < size; ++i) {
      if (group.is_valid(i)) out.advantages[first + i] = (group.values[i] - m.mean) / by;
    }
  }
  out.num_zero_std = static_cast<int64_t>(num_flat);
  out.frac_reward_zero_std = num_groups > 0 ? num_flat / num_groups : 0;
  return out;
}

void normalize_over_tokens(std::vector<double>& advantages, std::span<const double> num_tokens) {
  LOCKSTEP_CHECK(advantages.size() == num_tokens.size(), "one number of tokens per advantage");
  std::vector<std::pair<double, double>> values;  // advantage, tokens
  for (size_t i = 0; i < advantages.size(); ++i)
    if (num_tokens[i] > 0) values.emplace_back(advantages[i], num_tokens[i]);
  std::sort(values.begin(), values.end());
  double count = 0, sum = 0, squares = 0;
  for (const auto& [value, tokens] : values) {
    count += tokens;
    sum += value * tokens;
  }
  if (count < 2) return;
  const double mean = sum / count;
  for (const auto& [value, tokens] : values) squares += (value - mean) * (value - mean) * tokens;
  const double std = std::sqrt(squares / (count - 1) + 1e-8);
  for (size_t i = 0; i < advantages.size(); ++i)
    if (num_tokens[i] > 0) advantages[i] = (advantages[i] - mean) / std;
}

}  // namespace lockstep::rl
