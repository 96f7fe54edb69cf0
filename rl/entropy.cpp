// SPDX-License-Identifier: Apache-2.0
// Entropy quantile and adaptive entropy coefficient.
#include "rl/entropy.h"

#include <algorithm>
#include <cmath>

namespace lockstep::rl {

double entropy_threshold(std::vector<float> entropies, double top_entropy_quantile) {
  if (entropies.empty()) return -std::numeric_limits<double>::infinity();
  std::sort(entropies.begin(), entropies.end());
  double place = (1 - top_entropy_quantile) * static_cast<double>(entropies.size() - 1);
  const double nearest = std::floor(place + 0.5);
  if (std::abs(place - nearest) < 1e-6) place = nearest;  // 1 - 0.8 is not 0.2
  const auto below = static_cast<size_t>(place), above = std::min(below + 1, entropies.size() - 1);
  const double low = entropies[below], high = entropies[above];
  return low + (high - low) * (place - static_cast<double>(below));
}

EntropyCoefficient::EntropyCoefficient(const LossConfig& config, base::Json& state)
    : config_(config), state_(state), value_(config.entropy_coef) {
  if (!config.use_adaptive_entropy || !state.contains("entropy_coef")) return;
  value_ = state.at("entropy_coef").get<double>();
  last_entropy_ = state.at("last_entropy").get<double>();
}

double EntropyCoefficient::applied() const {
  return config_.use_adaptive_entropy && last_entropy_ > config_.entropy_target ? 0.0 : value_;
}

void EntropyCoefficient::observe(const LossMetrics& update) {
  if (!config_.use_adaptive_entropy || update.num_bonus_tokens == 0) return;
  last_entropy_ = update.bonus_entropy_sum / update.num_bonus_tokens;
  const bool is_low = last_entropy_ <= config_.entropy_target;
  value_ = is_low ? std::min(value_ + config_.entropy_coef_delta, config_.entropy_coef_max)
                  : std::max(value_ - config_.entropy_coef_delta, config_.entropy_coef_min);
  state_["entropy_coef"] = value_;
  state_["last_entropy"] = last_entropy_;
}

}  // namespace lockstep::rl
