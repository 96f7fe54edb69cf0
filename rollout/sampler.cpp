// SPDX-License-Identifier: Apache-2.0
// Gumbel-max through the CPU kernels; for truncated rows, only over what is kept.
#include "rollout/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "rollout/exp_f32.h"
#include "rollout/noise.h"
#include "rollout/truncation.h"

namespace lockstep::rollout {
namespace {

namespace cpu = kernels::cpu;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The best of some entries so far, and what rules others out. With noise g = -log(E), E = -log(1 - w) >= w for the uniform
// draw w, entry i can win only if w <= E <= weight_i * exp(peak - best score). The bound is loosened by far more than any
// rounding (what is in its exponent stays below 128 in size where weights are above 0), so results never depend on it.
class BoundedRace {
 public:
  BoundedRace(const float* logits, float peak) : logits_(logits), peak_(peak) {}

  void enter(int64_t index, uint32_t bits) {
    const float score = logits_[index] + base::gumbel(bits);
    if (score < score_ || (score == score_ && index > best_)) return;
    best_ = index;
    score_ = score;
    bound_ = std::exp(peak_ - score) * 1.001f * 0x1p24f;
  }
  // The 24 leading bits of the draw, rounded down, against the bound.
  bool can_win(float weight, uint32_t bits) const {
    return static_cast<float>(static_cast<int32_t>(bits >> 8)) <= weight * bound_;
  }
  int64_t best() const { return best_; }

 private:
  const float* logits_;
  float peak_;
  int64_t best_ = 0;
  float score_ = -kInfinity, bound_ = kInfinity;
};

}  // namespace

Sampler::Sampler(const SamplingConfig& config, int64_t vocab_size)
    : config_(config), vocab_size_(vocab_size), weights_(truncates(config) ? static_cast<size_t>(vocab_size) : 0) {}

double Sampler::temperature(const SamplingConfig& config) { return config.temperature > 0 ? config.temperature : 1.0; }

void Race::enter(const cpu::NoisyRow& part, const cpu::NoiseSource& source, bool has_noise) {
  const auto before = best_;
  if (has_noise)
    cpu::gumbel_argmax(part, source, best_);
  else
    cpu::argmax(part.logits, part.first, part.columns, best_);
  if (best_.score != before.score || best_.index != before.index) logit_ = part.logits[best_.index - part.first];
}

std::optional<Draw> Race::result(const cpu::SoftmaxSums& sums, float temperature) const {
  if (!(sums.sum > 0) || !(sums.sum < kInfinity)) return std::nullopt;
  Draw out{static_cast<TokenId>(best_.index), 0};
  cpu::token_logprobs({.rows = 1, .logits = &logit_, .temperature = temperature, .sums = &sums, .logprobs = &out.logprob});
  return out;
}

std::optional<Draw> Sampler::draw(const float* logits, uint64_t noise_key, int64_t position) {
  cpu::SoftmaxSums sums;
  cpu::add_softmax_sums({.rows = 1, .columns = vocab_size_, .logits = logits, .stride = vocab_size_}, &sums);
  if (!(sums.sum > 0) || !(sums.sum < kInfinity)) return std::nullopt;
  if (config_.temperature > 0 && truncates(config_)) {
    Draw out{static_cast<TokenId>(race_kept(logits, noise_key, position)), 0};
    cpu::token_logprobs({.rows = 1, .logits = logits + out.id, .sums = &sums, .logprobs = &out.logprob});
    return out;
  }
  Race race;
  race.enter({.logits = logits, .columns = vocab_size_}, {noise_key, position}, config_.temperature > 0);
  return race.result(sums, 1.0f);
}

int64_t Sampler::race_kept(const float* logits, uint64_t noise_key, int64_t position) {
  cpu::BestEntry largest;
  cpu::argmax(logits, 0, vocab_size_, largest);
  const float peak = largest.score;
  for (int64_t i = 0; i < vocab_size_; ++i) weights_[static_cast<size_t>(i)] = exp_f32(logits[i] - peak);
  truncate(logits, weights_.data(), vocab_size_, config_, kept_);
  BoundedRace race(logits, peak);
  race.enter(largest.index, noise_bits(noise_key, position, largest.index));
  for (const int32_t i : kept_) {
    const uint32_t bits = noise_bits(noise_key, position, i);
    if (race.can_win(weights_[static_cast<size_t>(i)], bits)) race.enter(i, bits);
  }
  return race.best();
}

std::optional<Draw> draw_ref(
    const float* logits, int64_t vocab_size, const SamplingConfig& config, uint64_t noise_key, int64_t position) {
  float peak = -kInfinity;
  for (int64_t i = 0; i < vocab_size; ++i) {
    if (!(logits[i] < kInfinity)) return std::nullopt;
    peak = std::max(peak, logits[i]);
  }
  if (peak == -kInfinity) return std::nullopt;
  std::vector<float> weights;
  double sum = 0;
  for (int64_t i = 0; i < vocab_size; ++i) {
    weights.push_back(exp_f32(logits[i] - peak));
    sum += std::exp(static_cast<double>(logits[i]) - static_cast<double>(peak));
  }
  auto kept = truncate_ref(logits, weights.data(), vocab_size, config);
  std::sort(kept.begin(), kept.end());
  int64_t best = -1;
  float best_score = -kInfinity;
  for (const int32_t i : kept) {
    const float noise = config.temperature > 0 ? base::gumbel(noise_bits(noise_key, position, i)) : 0.0f;
    const float score = logits[i] + noise;
    if (best >= 0 && score <= best_score) continue;
    best = i;
    best_score = score;
  }
  const double logprob = static_cast<double>(logits[best]) - static_cast<double>(peak) - std::log(sum);
  return Draw{static_cast<TokenId>(best), static_cast<float>(logprob)};
}

}  // namespace lockstep::rollout
