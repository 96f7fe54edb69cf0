// SPDX-License-Identifier: Apache-2.0
// DeepSeekMath eq. 3 and its relatives, token by token, with the derivative of every term written out.
#include "rl/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {
namespace {

enum class Aggregation { grpo, dapo, dr_grpo, bnpo };
enum class RatioLevel { token, sequence, product };

struct Options {
  double beta, ratio_low, ratio_high, delta;
  Aggregation aggregation;
  RatioLevel level;
  bool corrects_kl;
  double correction_max;
};

Options resolve(const LossConfig& config) {
  const auto fail = [](std::string_view key, const std::string& value, std::string_view names) {
    throw Error(cat("unknown ", key, " \"", value, "\""), std::string(key), cat("use ", names));
  };
  Options out{};
  out.beta = config.beta;
  out.ratio_low = 1 - config.epsilon;
  out.ratio_high = 1 + config.epsilon_high.value_or(config.epsilon);
  out.delta = config.delta.value_or(std::numeric_limits<double>::infinity());
  out.corrects_kl = config.use_bias_correction_kl;
  out.correction_max = config.importance_sampling_clip_max;
  const std::string& type = config.loss_type;
  if (type == "grpo")
    out.aggregation = Aggregation::grpo;
  else if (type == "dapo")
    out.aggregation = Aggregation::dapo;
  else if (type == "dr_grpo")
    out.aggregation = Aggregation::dr_grpo;
  else if (type == "bnpo")
    out.aggregation = Aggregation::bnpo;
  else
    fail("loss_type", type, "grpo, dapo, dr_grpo or bnpo");
  const std::string& level = config.importance_sampling_level;
  if (level == "token")
    out.level = RatioLevel::token;
  else if (level == "sequence")
    out.level = RatioLevel::sequence;
  else if (level == "product")
    out.level = RatioLevel::product;
  else
    fail("importance_sampling_level", level, "token, sequence or product");
  return out;
}

// min[ rho A, clip(rho) A ] and its derivative with respect to log rho.
struct Surrogate {
  double objective = 0, slope = 0;
  bool is_low_clipped = false, is_high_clipped = false;
};

Surrogate clipped_surrogate(double ratio, double advantage, const Options& options) {
  const double bounded = std::min(ratio, options.delta);
  const double clipped = std::clamp(ratio, options.ratio_low, options.ratio_high);
  const double free_slope = ratio <= options.delta ? ratio : 0.0;
  const double clipped_slope = clipped == ratio ? ratio : 0.0;
  Surrogate out;
  const bool is_free = bounded * advantage <= clipped * advantage;
  out.objective = (is_free ? bounded : clipped) * advantage;
  out.slope = (is_free ? free_slope : clipped_slope) * advantage;
  out.is_low_clipped = bounded < options.ratio_low && advantage < 0;
  out.is_high_clipped = bounded > options.ratio_high && advantage > 0;
  return out;
}

// D = e^d - d - 1 with d = log pi_ref - log pi, and dD / dlog pi = 1 - e^d. Never negative, 0 only at d = 0.
struct K3 {
  double value = 0, slope = 0;
};

K3 k3(double logprob, double ref_logprob) {
  const double d = ref_logprob - logprob, ratio = exp_exact(d);
  return {std::max(ratio - d - 1, 0.0), 1 - ratio};
}

// One completion: its unmasked tokens and what they share.
struct Sample {
  std::vector<size_t> tokens;
  double log_ratio = 0;                      // sum over tokens of log pi - log pi_old
  double weight = 0;                         // w_i of the header's table
  double low = 0, high = 0, num_ratios = 0;  // clipped ratios below, above; all ratios
};

// The inputs as f64 arrays, and what grows while samples are added.
class Update {
 public:
  Update(const LossInput& input, const LossTotals& totals, const Options& options);
  void add(size_t index);
  size_t num_samples() const { return offsets_.size() - 1; }
  const LossMetrics& metrics() const { return metrics_; }
  const std::vector<double>& gradient() const { return gradient_; }

 private:
  void check() const;
  Sample read(size_t index) const;
  double sample_weight(double length) const;
  void add_tokens(Sample& sample);    // one ratio per token
  void add_sequence(Sample& sample);  // one ratio for all tokens
  double corrected_advantage(size_t token);
  double add_token(const Sample& sample, size_t token, double ratio, const Surrogate& term);
  void count_ratio(Sample& sample, double ratio, const Surrogate& term);

  size_t size_;
  Options options_;
  LossTotals totals_;
  std::vector<int64_t> offsets_;
  std::vector<double> logprobs_, old_, ref_, advantages_, mask_, entropy_, gradient_, sampling_;
  bool is_corrected_;
  double tokens_here_ = 0;
  LossMetrics metrics_;
};

Update::Update(const LossInput& input, const LossTotals& totals, const Options& options)
    : size_(static_cast<size_t>(input.logprobs.size(0))),
      options_(options),
      totals_(totals),
      offsets_(input.sample_offsets),
      logprobs_(flat_values(input.logprobs, size_, 0, "logprobs")),
      old_(input.old_logprobs.defined() ? flat_values(input.old_logprobs, size_, 0, "old_logprobs") : logprobs_),
      ref_(flat_values(input.ref_logprobs, size_, 0, "ref_logprobs")),
      advantages_(flat_values(input.advantages, size_, 0, "advantages")),
      mask_(flat_values(input.mask, size_, 1, "mask")),
      entropy_(flat_values(input.entropy, size_, 0, "entropy")),
      gradient_(size_, 0.0),
      sampling_(input.sampling_logprobs.defined() ? flat_values(input.sampling_logprobs, size_, 0, "sampling_logprobs") : old_),
      is_corrected_(input.sampling_logprobs.defined()) {
  metrics_.has_correction = is_corrected_;
  metrics_.has_kl = options.beta != 0;
  metrics_.has_entropy = input.entropy.defined();
  metrics_.has_ratio = true;
  for (double m : mask_) tokens_here_ += m;
  LOCKSTEP_CHECK(input.advantages.defined(), "advantages are required");
  LOCKSTEP_CHECK(options.beta == 0 || input.ref_logprobs.defined(), "beta != 0 needs ref_logprobs");
  check();
}

void Update::check() const {
  LOCKSTEP_CHECK(!offsets_.empty() && offsets_.front() == 0 && offsets_.back() == static_cast<int64_t>(size_) &&
                     std::is_sorted(offsets_.begin(), offsets_.end()),
                 "sample_offsets must rise from 0 to N");
  LOCKSTEP_CHECK(totals_.num_samples > 0 && totals_.num_tokens > 0, "the totals of the update must be positive");
  LOCKSTEP_CHECK(options_.aggregation != Aggregation::dr_grpo || totals_.max_completion_length > 0,
                 "dr_grpo needs max_completion_length");
  LOCKSTEP_CHECK(std::all_of(mask_.begin(), mask_.end(), [](double m) { return m == 0 || m == 1; }),
                 "mask values must be 0 or 1");
}

Sample Update::read(size_t index) const {
  Sample sample;
  const auto first = static_cast<size_t>(offsets_[index]), last = static_cast<size_t>(offsets_[index + 1]);
  for (size_t t = first; t < last; ++t) {
    if (mask_[t] == 0) continue;
    if (!std::isfinite(logprobs_[t] + old_[t] + ref_[t] + advantages_[t] + sampling_[t])) {
      const std::string where = cat("sample ", index, ", token ", t - first, " of the loss batch");
      check_finite(logprobs_[t], "the log-probability of the policy", where);
      check_finite(old_[t], "the log-probability of the sampling policy", where);
      check_finite(sampling_[t], "the log-probability that the engine recorded", where);
      check_finite(ref_[t], "the log-probability of the reference model", where);
      check_finite(advantages_[t], "the advantage", where);
    }
    sample.tokens.push_back(t);
    sample.log_ratio += logprobs_[t] - old_[t];
  }
  if (!sample.tokens.empty()) sample.weight = sample_weight(static_cast<double>(sample.tokens.size()));
  return sample;
}

double Update::sample_weight(double length) const {
  switch (options_.aggregation) {
    case Aggregation::grpo:
      return 1 / (totals_.num_samples * length);
    case Aggregation::dapo:
      return 1 / totals_.num_tokens;
    case Aggregation::dr_grpo:
      return 1 / (totals_.num_samples * totals_.max_completion_length);
    case Aggregation::bnpo:
      break;
  }
  return static_cast<double>(num_samples()) / totals_.num_samples / tokens_here_;
}

// Truncated importance sampling (Ionides, 2008): the advantage times min(pi_old / pi_sampler, C).
double Update::corrected_advantage(size_t token) {
  if (!is_corrected_) return advantages_[token];
  const double correction = std::min(exp_exact(old_[token] - sampling_[token]), options_.correction_max);
  metrics_.correction_sum += correction;
  metrics_.correction_max = std::max(metrics_.correction_max, correction);
  return advantages_[token] * correction;
}

// Adds one token's terms and their derivative for a fixed ratio; returns d loss / d log rho.
double Update::add_token(const Sample& sample, size_t token, double ratio, const Surrogate& term) {
  const K3 kl = options_.beta == 0 ? K3{} : k3(logprobs_[token], ref_[token]);
  const double factor = options_.corrects_kl ? ratio : 1.0;
  const double kl_ratio_slope = options_.corrects_kl ? ratio * kl.value : 0.0;
  gradient_[token] = sample.weight * options_.beta * kl.slope * factor;

  metrics_.policy_loss -= sample.weight * term.objective;
  metrics_.loss -= sample.weight * (term.objective - options_.beta * kl.value * factor);
  metrics_.kl_sum += kl.value * factor;
  metrics_.entropy_sum += entropy_[token];
  metrics_.num_tokens += 1;
  const double difference = std::abs(logprobs_[token] - sampling_[token]);
  metrics_.logp_difference_sum += difference;
  metrics_.logp_difference_max = std::max(metrics_.logp_difference_max, difference);
  return -sample.weight * (term.slope - options_.beta * kl_ratio_slope);
}

void Update::count_ratio(Sample& sample, double ratio, const Surrogate& term) {
  metrics_.ratio_sum += ratio;
  metrics_.ratio_max = std::max(metrics_.ratio_max, ratio);
  sample.low += term.is_low_clipped;
  sample.high += term.is_high_clipped;
  sample.num_ratios += 1;
}

void Update::add_tokens(Sample& sample) {
  for (size_t t : sample.tokens) {
    const double ratio = exp_exact(logprobs_[t] - old_[t]);
    const Surrogate term = clipped_surrogate(ratio, corrected_advantage(t), options_);
    gradient_[t] += add_token(sample, t, ratio, term);  // d log rho_t / d log pi_t = 1
    count_ratio(sample, ratio, term);
  }
}

void Update::add_sequence(Sample& sample) {
  const bool is_mean = options_.level == RatioLevel::sequence;
  const double share = is_mean ? 1 / static_cast<double>(sample.tokens.size()) : 1.0;  // d log rho / d log pi_t
  const double ratio = exp_exact(sample.log_ratio * share);
  double slope = 0;
  for (size_t t : sample.tokens) {
    slope += add_token(sample, t, ratio, clipped_surrogate(ratio, corrected_advantage(t), options_));
  }
  for (size_t t : sample.tokens) gradient_[t] += slope * share;
  count_ratio(sample, ratio, clipped_surrogate(ratio, advantages_[sample.tokens.front()], options_));
}

void Update::add(size_t index) {
  Sample sample = read(index);
  if (sample.tokens.empty()) return;
  if (options_.level == RatioLevel::token)
    add_tokens(sample);
  else
    add_sequence(sample);
  metrics_.num_samples += 1;
  metrics_.num_ratios += sample.num_ratios;
  metrics_.low_sum += sample.low;
  metrics_.high_sum += sample.high;
  metrics_.low_min = std::min(metrics_.low_min, sample.low / sample.num_ratios);
  metrics_.high_max = std::max(metrics_.high_max, sample.high / sample.num_ratios);
}

}  // namespace

LossOutput grpo_loss(const LossInput& input, const LossTotals& totals, const LossConfig& config) {
  Update update(input, totals, resolve(config));
  for (size_t sample = 0; sample < update.num_samples(); ++sample) update.add(sample);
  return {scalar_with_gradient(input.logprobs, update.metrics().loss, update.gradient()), update.metrics()};
}

}  // namespace lockstep::rl
