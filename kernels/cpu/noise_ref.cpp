// SPDX-License-Identifier: Apache-2.0
// Gumbel-max, entry by entry.
#include "kernels/cpu/noise_ref.h"

#include "base/rng.h"

namespace lockstep::kernels::cpu {
namespace {

void enter(float score, int64_t index, BestEntry& best) {
  if (score > best.score || (score == best.score && index < best.index)) best = {score, index};
}

}  // namespace

void noise_words_ref(const NoiseSource& source, int64_t first, int64_t count, uint32_t* words) {
  const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  const auto position = static_cast<uint64_t>(source.position);
  for (int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<uint64_t>(first + i);
    words[i] = base::philox4x32({low(index / 4), low(position), low(position >> 32), 0},
                                {low(source.key), low(source.key >> 32)})[index % 4];
  }
}

void gumbel_argmax_ref(const NoisyRow& row, const NoiseSource& source, BestEntry& best) {
  const FloatMode mode;
  for (int64_t i = 0; i < row.columns; ++i) {
    uint32_t word = 0;
    noise_words_ref(source, row.first + i, 1, &word);
    enter(row.logits[i] / row.temperature + base::gumbel(word), row.first + i, best);
  }
}

void argmax_ref(const float* logits, int64_t first, int64_t columns, BestEntry& best) {
  const FloatMode mode;
  for (int64_t i = 0; i < columns; ++i) enter(logits[i], first + i, best);
}

}  // namespace lockstep::kernels::cpu
