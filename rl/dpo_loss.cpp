// SPDX-License-Identifier: Apache-2.0
// Preference losses and their slopes, in f64.
#include "rl/dpo_loss.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"
#include "rl/finite.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {
namespace {

// A loss as a function of D, and its slope.
struct Value {
  double loss, slope;
};

Value loss_at(double difference, const DpoLossConfig& config) {
  const double x = config.beta * difference;
  if (config.loss_type == "hinge") return x < 1 ? Value{1 - x, -config.beta} : Value{0, 0};
  if (config.loss_type == "ipo") {
    const double gap = difference - 1 / (2 * config.beta);
    return {gap * gap, 2 * gap};
  }
  const double s = config.label_smoothing;
  return {(1 - s) * softplus_exact(-x) + s * softplus_exact(x), config.beta * (s * sigmoid_exact(x) - (1 - s) * sigmoid_exact(-x))};
}

// One completion of a pair.
struct Side {
  double logp = 0, ratio = 0;  // log pi and log pi - log pi_ref, sums over its tokens
  size_t begin = 0, end = 0;
  double count() const { return static_cast<double>(end - begin); }
};

Side side_of(const std::vector<double>& policy, const std::vector<double>& reference, int64_t begin, int64_t end) {
  Side side{.begin = static_cast<size_t>(begin), .end = static_cast<size_t>(end)};
  for (size_t t = side.begin; t < side.end; ++t) {
    if (!std::isfinite(policy[t])) check_finite(policy[t], "the log-probability of the policy", cat("token ", t, " of the loss batch"));
    side.logp += policy[t];
    side.ratio += policy[t] - reference[t];
  }
  return side;
}

}  // namespace

DpoMetrics& DpoMetrics::operator+=(const DpoMetrics& other) {
  loss += other.loss;
  num_pairs += other.num_pairs;
  chosen_reward += other.chosen_reward;
  rejected_reward += other.rejected_reward;
  num_right += other.num_right;
  chosen_logp += other.chosen_logp;
  rejected_logp += other.rejected_logp;
  return *this;
}

DpoLoss dpo_loss(const Tensor& logprobs, const Tensor& ref_logprobs, const std::vector<int64_t>& sample_offsets, const DpoLossConfig& config,
                 double num_pairs) {
  LOCKSTEP_CHECK(sample_offsets.size() % 2 == 1, "samples come in pairs");
  const auto size = static_cast<size_t>(sample_offsets.back());
  const auto policy = flat_values(logprobs, size, 0, "logprobs"), reference = flat_values(ref_logprobs, size, 0, "ref_logprobs");
  std::vector<double> gradient(size, 0.0);
  DpoMetrics metrics;
  for (size_t s = 0; s + 2 < sample_offsets.size(); s += 2) {
    const Side chosen = side_of(policy, reference, sample_offsets[s], sample_offsets[s + 1]);
    const Side rejected = side_of(policy, reference, sample_offsets[s + 1], sample_offsets[s + 2]);
    const bool is_mean = config.loss_type == "ipo";
    const double chosen_scale = is_mean ? 1 / chosen.count() : 1, rejected_scale = is_mean ? 1 / rejected.count() : 1;
    const Value value = loss_at(chosen_scale * chosen.ratio - rejected_scale * rejected.ratio, config);
    for (size_t t = chosen.begin; t < chosen.end; ++t) gradient[t] = value.slope * chosen_scale / num_pairs;
    for (size_t t = rejected.begin; t < rejected.end; ++t) gradient[t] = -value.slope * rejected_scale / num_pairs;
    metrics += {.loss = value.loss / num_pairs,
                .num_pairs = 1,
                .chosen_reward = config.beta * chosen.ratio,
                .rejected_reward = config.beta * rejected.ratio,
                .num_right = chosen.ratio > rejected.ratio ? 1.0 : 0.0,
                .chosen_logp = chosen.logp,
                .rejected_logp = rejected.logp};
  }
  return {scalar_with_gradient(logprobs, metrics.loss, gradient), metrics};
}

}  // namespace lockstep::rl
