// SPDX-License-Identifier: Apache-2.0
// Gumbel-max over lanes. Few entries can win: the noise of the others is bounded, not computed.
#include "base/rng.h"
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/noise.h"
#include "kernels/cpu/philox_lanes.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

constexpr int kVectors = static_cast<int>(kNoiseBlock / Lanes::kCount);
constexpr float kMostNoise = 23.0f;  // base::gumbel never reaches it: its smallest draw is 2^-33, and 33 ln 2 < 22.9

// At least base::gumbel(word). The draw w is at least F / 2^24, F = floor(word / 2^8), and -log(-log(1 - w)) <= -log w.
// With the bits I of F as f32, log2 F >= I / 2^23 - 127, because a logarithm lies above its chords; so -log w is at most
// ln 2 (151 - I / 2^23). A thousandth more covers every rounding.
Lanes noise_bound(Words words) {
  const Lanes slope = Lanes::broadcast(-0x1.62e43p-24f), most = Lanes::broadcast(151 * 0x1.62e43p-1f + 1e-3f);
  return fma(bits_as_number(leading_bits(words)), slope, most);
}

// At least logit / temperature as the score has it: a product with the reciprocal of the temperature, made a
// little larger or, for negative logits, smaller, is never below the quotient, and costs a tenth of it.
struct ScaledBound {
  Lanes larger, smaller;

  explicit ScaledBound(const NoisyRow& row) {
    const Lanes reciprocal = Lanes::broadcast(1.0f) / Lanes::broadcast(row.temperature);
    larger = reciprocal * Lanes::broadcast(1.0f + 0x1p-21f);
    smaller = reciprocal * Lanes::broadcast(1.0f - 0x1p-21f);
  }
  Lanes operator()(Lanes logits) const { return max(logits * larger, logits * smaller); }
};

void enter(uint32_t candidates, const NoisyRow& row, Words words, int64_t at, BestEntry& best) {
  uint32_t bits[Lanes::kCount];
  words.store(bits);
  for (; candidates != 0; candidates &= candidates - 1) {
    const int i = __builtin_ctz(candidates);
    const int64_t index = row.first + at + i;
    const float score = row.logits[at + i] / row.temperature + base::gumbel(bits[i]);
    if (score > best.score || (score == best.score && index < best.index)) best = {score, index};
  }
}

// The entry of a first vector that is most likely to win: with its score few of the others are candidates.
uint32_t likeliest(Lanes bounds, int count) {
  float t[Lanes::kCount];
  bounds.store(t);
  int best = 0;
  for (int i = 1; i < count; ++i)
    if (t[i] > t[best]) best = i;
  return 1u << best;
}

// 64 entries of the row, or what is left of it. Bounds are compared after rounding, and rounding keeps order: where x is
// at most a bound and the noise at most another, so is their rounded sum.
void enter_block(const NoisyRow& row, int64_t at, const ScaledBound& bound, const PhiloxLanes& noise, BestEntry& best) {
  const Lanes lowest = Lanes::broadcast(-std::numeric_limits<float>::infinity());
  Lanes scaled[kVectors] = {lowest, lowest, lowest, lowest};
  int v = 0;
  const int64_t left = row.columns - at;
  for_lanes(left < kNoiseBlock ? left : kNoiseBlock,
            [&](auto lanes) { scaled[v++] = lanes.inside(bound(lanes.load(row.logits + at)), lowest); });
  const Lanes beaten = Lanes::broadcast(best.score), most = Lanes::broadcast(kMostNoise);
  uint32_t any = 0;
  for (v = 0; v < kVectors; ++v) any |= not_less(scaled[v] + most, beaten);
  if (any == 0) return;
  Words words[kVectors];
  noise.block(row.first + at, words);
  if (best.score == -std::numeric_limits<float>::infinity())
    enter(likeliest(scaled[0] + noise_bound(words[0]), left < Lanes::kCount ? static_cast<int>(left) : Lanes::kCount), row, words[0], at, best);
  for (v = 0; v < kVectors; ++v) {
    uint32_t candidates = not_less(scaled[v] + noise_bound(words[v]), Lanes::broadcast(best.score));
    if (left < (v + 1) * Lanes::kCount)
      candidates &= (1u << (left > v * Lanes::kCount ? left - v * Lanes::kCount : 0)) - 1u;
    if (candidates != 0) enter(candidates, row, words[v], at + v * Lanes::kCount, best);
  }
}

void race(const NoisyRow& row, const NoiseSource& source, BestEntry& best) {
  const PhiloxLanes noise(source);
  const ScaledBound bound(row);
  for (int64_t at = 0; at < row.columns; at += kNoiseBlock) enter_block(row, at, bound, noise, best);
}

void words(const NoiseSource& source, int64_t first, int64_t count, uint32_t* out) {
  const PhiloxLanes noise(source);
  Words block[kVectors];
  for (int64_t at = 0; at < count; at += kNoiseBlock) {
    noise.block(first + at, block);
    if (at + kNoiseBlock <= count) {
      for (int v = 0; v < kVectors; ++v) block[v].store(out + at + v * Lanes::kCount);
    } else {
      uint32_t t[kNoiseBlock];
      for (int v = 0; v < kVectors; ++v) block[v].store(t + v * Lanes::kCount);
      for (int64_t i = 0; i < count - at; ++i) out[at + i] = t[i];
    }
  }
}

void largest(const float* logits, int64_t first, int64_t columns, BestEntry& best) {
  const Lanes lowest = Lanes::broadcast(-std::numeric_limits<float>::infinity());
  for_lanes(columns, [&](auto lanes) {
    const Lanes x = lanes.inside(lanes.load(logits), lowest);
    uint32_t candidates = not_less(x, Lanes::broadcast(best.score));
    if (candidates == 0) return;
    float t[Lanes::kCount];
    for (x.store(t); candidates != 0; candidates &= candidates - 1) {
      const int64_t i = __builtin_ctz(candidates), index = first + lanes.at + i;
      if (t[i] > best.score || (t[i] == best.score && index < best.index)) best = {t[i], index};
    }
  });
}

}  // namespace

extern const NoiseKernels noise_kernels;
const NoiseKernels noise_kernels = {words, race, largest};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
