// SPDX-License-Identifier: Apache-2.0
// Lanes as 32-bit words in two AVX2 registers. Operations and their meaning: kernels/cpu/pairs_scalar.h.
#pragma once

#include "kernels/cpu/lanes_avx2.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int kRegisters = 16;  // vector registers

inline Lanes load_words(const uint32_t* p) {
  return {_mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
          _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8)))};
}
inline void store_words(Lanes a, uint32_t* p) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_castps_si256(a.low));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), _mm256_castps_si256(a.high));
}
inline Lanes broadcast_word(const void* p) {
  int word;
  std::memcpy(&word, p, sizeof word);
  const __m256 all = _mm256_castsi256_ps(_mm256_set1_epi32(word));
  return {all, all};
}
inline __m256 odd_of_pairs(__m256 a) {
  return _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}
inline __m256 even_of_pairs(__m256 a) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 16)); }
inline __m256 pairs_of(__m256 even, __m256 odd) {
  return _mm256_or_ps(_mm256_castsi256_ps(_mm256_srli_epi32(_mm256_castps_si256(even), 16)), odd);
}
inline Lanes odd_of_pairs(Lanes a) { return {odd_of_pairs(a.low), odd_of_pairs(a.high)}; }
inline Lanes even_of_pairs(Lanes a) { return {even_of_pairs(a.low), even_of_pairs(a.high)}; }
inline Lanes pairs_of(Lanes even, Lanes odd) { return {pairs_of(even.low, odd.low), pairs_of(even.high, odd.high)}; }
inline Lanes swap_neighbours(Lanes a) { return {_mm256_permute_ps(a.low, 0xb1), _mm256_permute_ps(a.high, 0xb1)}; }

// 8 rows of 8 words: neighbouring rows, pairs of rows and halves change places.
inline void transpose_eight(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  __m256 a[8], b[8];
  for (int i = 0; i < 8; ++i)
    a[i] = _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i * from_stride)));
  for (int i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    b[i] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x20);
    b[i + 4] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x31);
  }
  for (int i = 0; i < 8; ++i)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * to_stride), _mm256_castps_si256(b[i]));
}
inline void transpose_words(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  for (int row = 0; row < 16; row += 8)
    for (int column = 0; column < 16; column += 8)
      transpose_eight(from + row * from_stride + column, from_stride, to + column * to_stride + row, to_stride);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
