// SPDX-License-Identifier: Apache-2.0
// Gumbel-max that computes noise only where it can decide: most entries are ruled out by one comparison.
#include "rollout/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/log_f32.h"
#include "base/rng.h"
#include "rollout/exp_f32.h"
#include "rollout/noise.h"
#include "rollout/truncation.h"

namespace lockstep::rollout {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kLanes = 16;      // partial results side by side: a fixed order that vector code can follow
constexpr int64_t kSumBlock = 512;  // terms that are added in f32 before f64 takes over

// A float's bits as an integer of the same order (-0 below +0); its own inverse.
int32_t ordered(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

// The largest value; NaN when the row holds NaN or +inf. On integers, whose maximum compilers turn into vector code.
float finite_max(const float* logits, int64_t size) {
  constexpr auto kInfinityBits = std::bit_cast<int32_t>(kInfinity);
  int32_t largest = ordered(std::bit_cast<int32_t>(-kInfinity)), widest = 0;
  for (int64_t i = 0; i < size; ++i) {
    const auto bits = std::bit_cast<int32_t>(logits[i]);
    largest = std::max(largest, ordered(bits));
    widest = std::max(widest, bits & 0x7fffffff);
  }
  const bool is_bad = largest >= kInfinityBits || widest > kInfinityBits;
  return is_bad ? std::numeric_limits<float>::quiet_NaN() : std::bit_cast<float>(ordered(largest));
}

float sum_block(const float* terms, int64_t count) {
  float lanes[kLanes] = {};
  const int64_t whole = count - count % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes)
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += terms[i + l];
  for (int64_t i = whole; i < count; ++i) lanes[i - whole] += terms[i];
  for (int64_t width = kLanes / 2; width > 0; width /= 2)
    for (int64_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}

// weights = exp(logits - peak); returns the logarithm of their sum.
float exponentials(const float* logits, float peak, int64_t size, float* weights) {
  double sum = 0;
  for (int64_t begin = 0; begin < size; begin += kSumBlock) {
    const int64_t count = std::min(kSumBlock, size - begin);
    for (int64_t i = begin; i < begin + count; ++i) weights[i] = exp_f32(logits[i] - peak);
    sum += static_cast<double>(sum_block(weights + begin, count));
  }
  return base::log_f32(static_cast<float>(sum));
}

// The best entry so far, and what rules others out. With noise g = -log(E), E = -log(1 - w) >= w for the uniform draw
// w, entry i can win only if w <= E <= weight_i * exp(-best score). The bound is loosened by far more than any rounding
// (scores stay below 128 in size where weights are above 0), so results never depend on it.
class Race {
 public:
  Race(const float* logits, float peak) : logits_(logits), peak_(peak) {}

  void enter(int64_t index, uint32_t bits) {
    const float score = (logits_[index] - peak_) + base::gumbel(bits);
    if (score < score_ || (score == score_ && index > best_)) return;
    best_ = index;
    score_ = score;
    bound_ = std::exp(-score) * 1.001f * 0x1p24f;
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

struct Sampler::Peak {
  float logit = 0;
  int64_t index = 0;
};

Sampler::Sampler(const SamplingConfig& config, int64_t vocab_size)
    : config_(config), vocab_size_(vocab_size), weights_(static_cast<size_t>(vocab_size)) {}

double Sampler::temperature(const SamplingConfig& config) { return config.temperature > 0 ? config.temperature : 1.0; }

std::optional<Draw> Sampler::draw(const float* logits, uint64_t noise_key, int64_t position) {
  Peak peak{finite_max(logits, vocab_size_), 0};
  if (!(peak.logit > -kInfinity)) return std::nullopt;
  peak.index = std::find(logits, logits + vocab_size_, peak.logit) - logits;
  const float log_sum = exponentials(logits, peak.logit, vocab_size_, weights_.data());
  int64_t chosen = peak.index;
  if (config_.temperature > 0 && truncates(config_)) {
    truncate(logits, weights_.data(), vocab_size_, config_, kept_);
    chosen = race_kept(logits, peak, noise_key, position);
  } else if (config_.temperature > 0) {
    chosen = race_all(logits, peak, noise_key, position);
  }
  return Draw{static_cast<TokenId>(chosen), (logits[chosen] - peak.logit) - log_sum};
}

int64_t Sampler::race_all(const float* logits, const Peak& peak, uint64_t noise_key, int64_t position) const {
  Race race(logits, peak.logit);
  race.enter(peak.index, noise_bits(noise_key, position, peak.index));
  uint32_t bits[kNoiseBlock];
  for (int64_t begin = 0; begin < vocab_size_; begin += kNoiseBlock) {
    noise_block(noise_key, position, begin, bits);
    const int64_t count = std::min(kNoiseBlock, vocab_size_ - begin);
    const float* weights = weights_.data() + begin;
    int32_t any = 0;
    for (int64_t i = 0; i < count; ++i) any |= race.can_win(weights[i], bits[i]);
    if (any == 0) continue;
    for (int64_t i = 0; i < count; ++i)
      if (race.can_win(weights[i], bits[i])) race.enter(begin + i, bits[i]);
  }
  return race.best();
}

int64_t Sampler::race_kept(const float* logits, const Peak& peak, uint64_t noise_key, int64_t position) const {
  Race race(logits, peak.logit);
  race.enter(peak.index, noise_bits(noise_key, position, peak.index));
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
    const float score = (logits[i] - peak) + noise;
    if (best >= 0 && score <= best_score) continue;
    best = i;
    best_score = score;
  }
  const double logprob = static_cast<double>(logits[best]) - static_cast<double>(peak) - std::log(sum);
  return Draw{static_cast<TokenId>(best), static_cast<float>(logprob)};
}

}  // namespace lockstep::rollout
