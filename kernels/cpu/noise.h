// SPDX-License-Identifier: Apache-2.0
// Sampling noise in lanes: Philox words of vocabulary entries, and the entry that Gumbel-max picks.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// Who draws and for which token. Entry i's word is word i % 4 of base::philox4x32 with counter (i / 4, position as two
// words, 0) and the two words of `key`.
struct NoiseSource {
  uint64_t key = 0;
  int64_t position = 0;
};

// words[0..count) of the entries from `first` on, a multiple of 4.
void noise_words(const NoiseSource& source, int64_t first, int64_t count, uint32_t* words, Isa isa = isa());

// The best entry so far; a score of -inf means none yet.
struct BestEntry {
  float score = -std::numeric_limits<float>::infinity();
  int64_t index = 0;
};

// Entries `first`, first + 1, ... of one row.
struct NoisyRow {
  const float* logits = nullptr;  // [columns]
  int64_t first = 0;              // a multiple of 4
  int64_t columns = 0;
  float temperature = 1;  // 1e-30 to 1e30
};

// best = the entry with the largest logit / temperature + base::gumbel(word), ties to the lowest index: an exact draw from
// softmax(logits / temperature) (Gumbel 1954). Goes on from `best`, so a row may come in parts and in any order. NaN logits are
// never chosen. Noise is computed only where a cheap upper bound of it could change the winner.
void gumbel_argmax(const NoisyRow& row, const NoiseSource& source, BestEntry& best, Isa isa = isa());

// Without noise: the largest logit, ties to the lowest index; NaN is never chosen. `score` is the logit.
void argmax(const float* logits, int64_t first, int64_t columns, BestEntry& best, Isa isa = isa());

struct NoiseKernels {
  void (*words)(const NoiseSource&, int64_t first, int64_t count, uint32_t* words);
  void (*gumbel_argmax)(const NoisyRow&, const NoiseSource&, BestEntry&);
  void (*argmax)(const float* logits, int64_t first, int64_t columns, BestEntry&);
};

}  // namespace lockstep::kernels::cpu
