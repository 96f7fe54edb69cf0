// SPDX-License-Identifier: Apache-2.0
// The formulas of length rewards.
#include "rewards/length.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {

double soft_overlong(int64_t num_tokens, int64_t max_completion_len, int64_t soft_punish_cache) {
  if (num_tokens > max_completion_len) return -1;
  const int64_t over = num_tokens - (max_completion_len - soft_punish_cache);
  return over <= 0 ? 0.0 : -static_cast<double>(over) / static_cast<double>(soft_punish_cache);
}

double cosine_length(int64_t num_tokens, bool is_correct, const LengthConfig& config) {
  const double progress = std::min(static_cast<double>(num_tokens) / static_cast<double>(config.max_len), 1.0);
  const double cosine = std::cos(progress * std::numbers::pi);
  const double low = is_correct ? config.min_value_correct : config.max_value_wrong;
  const double high = is_correct ? config.max_value_correct : config.min_value_wrong;
  return low + 0.5 * (high - low) * (1 + cosine);
}

std::vector<double> kimi_length(std::span<const int64_t> num_tokens, const std::vector<bool>& is_correct) {
  std::vector<double> values(num_tokens.size(), 0.0);
  if (num_tokens.empty()) return values;
  const auto [least, most] = std::minmax_element(num_tokens.begin(), num_tokens.end());
  if (*least == *most) return values;
  for (size_t i = 0; i < values.size(); ++i) {
    const double lambda = 0.5 - static_cast<double>(num_tokens[i] - *least) / static_cast<double>(*most - *least);
    values[i] = is_correct[i] ? lambda : std::min(0.0, lambda);
  }
  return values;
}

LengthReward::LengthReward(std::string name, LengthConfig config, std::unique_ptr<Reward> correct, const std::string& where)
    : NamedReward(std::move(name)), config_(std::move(config)), correct_(std::move(correct)) {
  if (config_.soft_punish_cache > config_.max_completion_len)
    throw Error(cat("soft_punish_cache ", config_.soft_punish_cache, " is larger than max_completion_len ", config_.max_completion_len),
                cat(where, "/options/soft_punish_cache"), "give a cache of at most max_completion_len tokens");
}

Score LengthReward::score(const Sample& sample) const { return std::move(score_batch({&sample, 1}).front()); }

std::vector<Score> LengthReward::score_batch(std::span<const Sample> samples) const {
  std::vector<Score> scores(samples.size());
  std::vector<int64_t> lengths;
  for (const Sample& sample : samples) lengths.push_back(sample.num_tokens);
  if (config_.rule == "tokens" || config_.rule == "soft_overlong") {
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i].value = config_.rule == "tokens" ? static_cast<double>(lengths[i])
                                                 : soft_overlong(lengths[i], config_.max_completion_len, config_.soft_punish_cache);
    }
    return scores;
  }
  std::vector<bool> is_correct;
  for (size_t i = 0; Score& verdict : correct_->score_batch(samples)) {
    is_correct.push_back(verdict.status == Status::ok && verdict.value > 0);
    scores[i].status = verdict.status;
    scores[i++].detail = std::move(verdict.detail);
  }
  const std::vector<double> kimi = kimi_length(lengths, is_correct);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].status != Status::ok) continue;
    scores[i].value = config_.rule == "kimi" ? kimi[i] : cosine_length(lengths[i], is_correct[i], config_);
  }
  return scores;
}

}  // namespace lockstep::rewards
