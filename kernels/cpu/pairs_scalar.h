// SPDX-License-Identifier: Apache-2.0
// Lanes as 32-bit words: an f32, or a pair of bf16 with the even element in the lower half. The meaning of every operation.
#pragma once

#include <bit>

#include "kernels/cpu/lanes_scalar.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int kRegisters = 16;  // vector registers

// f32 operations never touch a word on its way through these: a pair whose bits are a signalling NaN stays as it is.
inline Lanes load_words(const uint32_t* p) {
  Lanes r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline void store_words(Lanes a, uint32_t* p) { std::memcpy(p, a.v, sizeof a.v); }
inline Lanes broadcast_word(const void* p) {
  uint32_t words[Lanes::kCount];
  for (uint32_t& word : words) std::memcpy(&word, p, sizeof word);
  return load_words(words);
}

#define LOCKSTEP_WORDWISE(NAME, EXPRESSION)                                 \
  inline Lanes NAME(const Lanes& a, [[maybe_unused]] const Lanes& b = {}) { \
    uint32_t x[Lanes::kCount], y[Lanes::kCount], r[Lanes::kCount];          \
    store_words(a, x);                                                      \
    store_words(b, y);                                                      \
    for (int i = 0; i < Lanes::kCount; ++i) r[i] = EXPRESSION;              \
    return load_words(r);                                                   \
  }
LOCKSTEP_WORDWISE(odd_of_pairs, x[i] & 0xffff0000u)  // as f32
LOCKSTEP_WORDWISE(even_of_pairs, x[i] << 16)         // as f32
LOCKSTEP_WORDWISE(pairs_of, (x[i] >> 16) | y[i])     // from an even and an odd element, each a bf16 widened to f32
LOCKSTEP_WORDWISE(swap_neighbours, x[i ^ 1])
#undef LOCKSTEP_WORDWISE

// to[j][i] = from[i][j] for 16 rows of 16 words, strides in words. The two do not overlap.
inline void transpose_words(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  for (int j = 0; j < Lanes::kCount; ++j)
    for (int i = 0; i < Lanes::kCount; ++i) to[j * to_stride + i] = from[i * from_stride + j];
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
