// SPDX-License-Identifier: Apache-2.0
// The pairwise loss and its slopes, in f64.
#include "rl/reward_loss.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"
#include "rl/finite.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {

RewardMetrics& RewardMetrics::operator+=(const RewardMetrics& other) {
  if (other.num_pairs == 0) return *this;
  min_reward = num_pairs == 0 ? other.min_reward : std::min(min_reward, other.min_reward);
  max_reward = num_pairs == 0 ? other.max_reward : std::max(max_reward, other.max_reward);
  loss += other.loss;
  num_pairs += other.num_pairs;
  num_right += other.num_right;
  margin += other.margin;
  reward += other.reward;
  squared_reward += other.squared_reward;
  return *this;
}

RewardLoss reward_loss(const Tensor& scores, const std::vector<double>& margins, double center_rewards_coefficient, double num_pairs) {
  LOCKSTEP_CHECK(scores.dim() == 1 && scores.size(0) == 2 * static_cast<int64_t>(margins.size()), "scores come in pairs");
  const auto values = flat_values(scores, 2 * margins.size(), 0, "scores");
  std::vector<double> gradient(values.size());
  RewardMetrics metrics;
  for (size_t p = 0; p < margins.size(); ++p) {
    const double chosen = values[2 * p], rejected = values[2 * p + 1], sum = chosen + rejected;
    check_finite(chosen, "the score of a chosen completion", cat("pair ", p, " of the loss batch"));
    check_finite(rejected, "the score of a rejected completion", cat("pair ", p, " of the loss batch"));
    const double gap = chosen - rejected - margins[p];
    const double slope = -sigmoid_exact(-gap), centring = 2 * center_rewards_coefficient * sum;
    gradient[2 * p] = (slope + centring) / num_pairs;
    gradient[2 * p + 1] = (-slope + centring) / num_pairs;
    metrics += {.loss = (softplus_exact(-gap) + center_rewards_coefficient * sum * sum) / num_pairs,
                .num_pairs = 1,
                .num_right = chosen > rejected ? 1.0 : 0.0,
                .margin = chosen - rejected,
                .reward = sum,
                .squared_reward = chosen * chosen + rejected * rejected,
                .min_reward = std::min(chosen, rejected),
                .max_reward = std::max(chosen, rejected)};
  }
  return {scalar_with_gradient(scores, metrics.loss, gradient), metrics};
}

}  // namespace lockstep::rl
