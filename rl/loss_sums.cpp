// SPDX-License-Identifier: Apache-2.0
// DeepSeekMath eq. 3 and its relatives, token by token.
#include "rl/loss_sums.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"
#include "rl/finite.h"

namespace lockstep::rl {
namespace {

// Keeps an infinite ratio from hiding its token: e^40 is beyond every clip.
double bounded_exp(double log_ratio) { return exp_exact(std::min(log_ratio, 40.0)); }

}  // namespace

// One completion: its unmasked tokens and what they share.
struct LossSum::Sample {
  std::vector<size_t> tokens;
  double log_ratio = 0;                                // sum over tokens of log pi - log pi_old
  double log_correction = 0;                           // of log pi_old - log pi_sampler
  double log_gamma = 0;                                // log w of VESPO
  double weight = 0;                                   // w_i of the table in rl/loss.h
  double correction = 1;                               // of the whole sample
  bool is_too_far_off = false;
  double low = 0, high = 0, dual = 0, num_ratios = 0;  // clipped ratios below, above, from far above; all ratios
};

LossSum::LossSum(LossArrays arrays, const LossTotals& totals, const LossOptions& options)
    : in_(std::move(arrays)), totals_(totals), options_(options), gradient_(in_.logprobs.size(), 0.0) {
  for (double m : in_.mask) tokens_here_ += m;
  if (totals_.num_entropy_tokens == 0) totals_.num_entropy_tokens = totals_.num_tokens;
  if (totals_.entropy_coef != 0) entropy_gradient_.assign(in_.logprobs.size(), 0.0);
  metrics_.has_correction = in_.has_sampling;
  metrics_.has_kl = options_.beta != 0;
  metrics_.has_bonus = totals_.entropy_coef != 0;
  metrics_.has_entropy = in_.has_entropy;
  metrics_.has_clip = options_.policy.form == PolicyForm::clipped;
  metrics_.has_cap = options_.policy.form == PolicyForm::capped;
  metrics_.has_gamma = options_.policy.form == PolicyForm::gamma;
  metrics_.has_ratio = true;
  metrics_.has_dual_clip = std::isfinite(options_.policy.dual);
  metrics_.has_off_policy_mask = options_.off_policy_threshold.has_value();
  check();
}

void LossSum::check() const {
  LOCKSTEP_CHECK(!in_.offsets.empty() && in_.offsets.front() == 0 && in_.offsets.back() == static_cast<int64_t>(in_.logprobs.size()) &&
                     std::is_sorted(in_.offsets.begin(), in_.offsets.end()),
                 "sample_offsets must rise from 0 to N");
  LOCKSTEP_CHECK(totals_.num_samples > 0 && totals_.num_tokens > 0, "the totals of the update must be positive");
  LOCKSTEP_CHECK(options_.aggregation != Aggregation::constant_length || totals_.max_completion_length > 0,
                 "dr_grpo needs max_completion_length");
  LOCKSTEP_CHECK(std::all_of(in_.mask.begin(), in_.mask.end(), [](double m) { return m == 0 || m == 1; }),
                 "mask values must be 0 or 1");
  LOCKSTEP_CHECK(in_.has_entropy || (totals_.entropy_coef == 0 && std::isinf(totals_.entropy_threshold)),
                 "an entropy bonus or threshold needs the entropy");
}

void LossSum::check_token(size_t index, size_t first, size_t t) const {
  const double entropy = totals_.entropy_coef != 0 ? in_.entropy[t] : 0.0;
  if (std::isfinite(in_.logprobs[t] + in_.old[t] + in_.ref[t] + in_.advantages[t] + in_.sampling[t] + entropy)) return;
  const std::string where = cat("sample ", index, ", token ", t - first, " of the loss batch");
  check_finite(in_.logprobs[t], "the log-probability of the policy", where);
  check_finite(in_.old[t], "the log-probability of the sampling policy", where);
  check_finite(in_.sampling[t], "the log-probability that the engine recorded", where);
  check_finite(in_.ref[t], "the log-probability of the reference model", where);
  check_finite(in_.advantages[t], "the advantage", where);
  check_finite(entropy, "the entropy", where);
}

LossSum::Sample LossSum::read(size_t index) const {
  Sample sample;
  double log_off = 0;
  const auto first = static_cast<size_t>(in_.offsets[index]), last = static_cast<size_t>(in_.offsets[index + 1]);
  for (size_t t = first; t < last; ++t) {
    if (in_.mask[t] == 0) continue;
    check_token(index, first, t);
    sample.tokens.push_back(t);
    const double log_ratio = in_.logprobs[t] - in_.old[t], log_correction = in_.old[t] - in_.sampling[t];
    sample.log_ratio += log_ratio;
    sample.log_correction += log_correction;
    log_off += in_.sampling[t] - in_.logprobs[t];
    if (options_.policy.form == PolicyForm::gamma)
      sample.log_gamma += std::clamp(log_ratio, -20.0, 20.0) +
                          (in_.has_sampling ? options_.correction.bounded_log_weight(log_correction) : 0.0);
  }
  if (sample.tokens.empty()) return sample;
  const auto length = static_cast<double>(sample.tokens.size());
  sample.weight = sample_weight(length);
  sample.is_too_far_off = is_too_far_off(in_.advantages[sample.tokens.front()], log_off / length, options_.off_policy_threshold);
  return sample;
}

double LossSum::sample_weight(double length) const {
  switch (options_.aggregation) {
    case Aggregation::sample_mean:
      return 1 / (totals_.num_samples * length);
    case Aggregation::sample_sum:
      return 1 / totals_.num_samples;
    case Aggregation::token_mean:
      return 1 / totals_.num_tokens;
    case Aggregation::constant_length:
      return 1 / (totals_.num_samples * totals_.max_completion_length);
    case Aggregation::call_token_mean:
      break;
  }
  return static_cast<double>(num_samples()) / totals_.num_samples / tokens_here_;
}

void LossSum::count_correction(double weight) {
  metrics_.correction_sum += weight;
  metrics_.correction_min = std::min(metrics_.correction_min, weight);
  metrics_.correction_max = std::max(metrics_.correction_max, weight);
  metrics_.num_corrections += 1;
}

// What multiplies the policy's term of this token: its importance weight, or 0 where it is left out.
double LossSum::policy_weight(Sample& sample, size_t t) {
  double weight = 1;
  if (in_.has_sampling && !options_.correction.is_of_sample()) {
    weight = options_.correction.weight(in_.old[t] - in_.sampling[t]);
    count_correction(weight);
  } else if (in_.has_sampling) {
    weight = sample.correction;
  }
  if (options_.policy.form == PolicyForm::gamma) weight = 1;  // it is in log w
  return sample.is_too_far_off || in_.entropy[t] < totals_.entropy_threshold ? 0.0 : weight;
}

// Adds beta D of one token; returns its derivative with respect to log rho.
double LossSum::add_kl(const Sample& sample, size_t t, double ratio) {
  if (options_.beta == 0) return 0;
  const Kl kl = kl_estimate(options_.kl, in_.logprobs[t], in_.ref[t]);
  const double factor = options_.corrects_kl ? ratio : 1.0;
  gradient_[t] = sample.weight * options_.beta * kl.slope * factor;
  metrics_.loss += sample.weight * options_.beta * kl.value * factor;
  metrics_.kl_sum += kl.value * factor;
  return options_.corrects_kl ? sample.weight * options_.beta * ratio * kl.value : 0.0;
}

void LossSum::add_entropy(size_t t, bool is_counted) {
  metrics_.entropy_sum += in_.entropy[t];
  if (!is_counted) return;
  metrics_.bonus_entropy_sum += in_.entropy[t];
  metrics_.num_bonus_tokens += 1;
  if (entropy_gradient_.empty()) return;
  entropy_gradient_[t] = -totals_.entropy_coef / totals_.num_entropy_tokens;
  metrics_.loss += entropy_gradient_[t] * in_.entropy[t];
}

double LossSum::add_token(Sample& sample, size_t t, double ratio) {
  const double kl_slope = add_kl(sample, t, ratio);
  const PolicyTerm term = policy_term(options_.policy, ratio, in_.advantages[t], in_.logprobs[t], sample.log_gamma);
  const double weight = sample.weight * policy_weight(sample, t);
  gradient_[t] -= weight * term.direct_slope;
  metrics_.policy_loss -= weight * term.objective;
  metrics_.loss -= weight * term.objective;
  metrics_.num_tokens += 1;
  add_entropy(t, !(in_.entropy[t] < totals_.entropy_threshold));
  const double difference = std::abs(in_.logprobs[t] - in_.sampling[t]);
  metrics_.logp_difference_sum += difference;
  metrics_.logp_difference_max = std::max(metrics_.logp_difference_max, difference);
  if (options_.level == RatioLevel::token) count_ratio(sample, ratio, term);
  return kl_slope - weight * term.ratio_slope;
}

void LossSum::count_ratio(Sample& sample, double ratio, const PolicyTerm& term) {
  metrics_.ratio_sum += ratio;
  metrics_.ratio_max = std::max(metrics_.ratio_max, ratio);
  sample.low += term.is_low_clipped;
  sample.high += term.is_high_clipped;
  sample.dual += term.is_dual_clipped;
  sample.num_ratios += 1;
}

void LossSum::add_tokens(Sample& sample) {
  for (size_t t : sample.tokens) gradient_[t] += add_token(sample, t, bounded_exp(in_.logprobs[t] - in_.old[t]));
}

void LossSum::add_sequence(Sample& sample) {
  const bool is_mean = options_.level == RatioLevel::sequence;
  const double share = is_mean ? 1 / static_cast<double>(sample.tokens.size()) : 1.0;  // d log rho / d log pi_t
  const double ratio = bounded_exp(sample.log_ratio * share);
  double slope = 0;
  for (size_t t : sample.tokens) slope += add_token(sample, t, ratio);
  for (size_t t : sample.tokens) gradient_[t] += slope * share;
  const size_t first = sample.tokens.front();
  count_ratio(sample, ratio, policy_term(options_.policy, ratio, in_.advantages[first], in_.logprobs[first], sample.log_gamma));
}

void LossSum::count_sample(const Sample& sample) {
  metrics_.num_samples += 1;
  metrics_.num_ratios += sample.num_ratios;
  metrics_.low_sum += sample.low;
  metrics_.high_sum += sample.high;
  metrics_.dual_sum += sample.dual;
  metrics_.num_too_far_off += sample.is_too_far_off;
  metrics_.low_min = std::min(metrics_.low_min, sample.low / sample.num_ratios);
  metrics_.high_max = std::max(metrics_.high_max, sample.high / sample.num_ratios);
}

void LossSum::add(size_t index) {
  Sample sample = read(index);
  if (sample.tokens.empty()) return;
  if (options_.policy.form == PolicyForm::gamma)
    metrics_.gamma_sum += gamma_weight(options_.policy, in_.advantages[sample.tokens.front()], sample.log_gamma);
  if (in_.has_sampling && options_.correction.is_of_sample()) {
    sample.correction = options_.correction.weight(sample.log_correction);
    count_correction(sample.correction);
  }
  if (options_.level == RatioLevel::token)
    add_tokens(sample);
  else
    add_sequence(sample);
  count_sample(sample);
}

}  // namespace lockstep::rl
