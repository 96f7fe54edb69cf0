// SPDX-License-Identifier: Apache-2.0
// Lanes as 32-bit words in one AVX-512 register. Operations and their meaning: kernels/cpu/pairs_scalar.h.
#pragma once

#include "kernels/cpu/lanes_avx512.h"

#include <cstring>

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int kRegisters = 32;  // vector registers

inline Lanes load_words(const uint32_t* p) { return {_mm512_castsi512_ps(_mm512_loadu_si512(p))}; }
inline void store_words(Lanes a, uint32_t* p) { _mm512_storeu_si512(p, _mm512_castps_si512(a.v)); }
inline Lanes broadcast_word(const void* p) {
  int word;
  std::memcpy(&word, p, sizeof word);
  return {_mm512_castsi512_ps(_mm512_set1_epi32(word))};
}
inline Lanes odd_of_pairs(Lanes a) {
  return {_mm512_castsi512_ps(
      _mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(static_cast<int>(0xffff0000u))))};
}
inline Lanes even_of_pairs(Lanes a) { return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a.v), 16))}; }
inline Lanes pairs_of(Lanes even, Lanes odd) {
  return {_mm512_castsi512_ps(
      _mm512_or_si512(_mm512_srli_epi32(_mm512_castps_si512(even.v), 16), _mm512_castps_si512(odd.v)))};
}
inline Lanes swap_neighbours(Lanes a) { return {_mm512_permute_ps(a.v, 0xb1)}; }

// Neighbouring rows, pairs of rows, then quarters of the registers change places.
inline void transpose_words(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  __m512 a[16], b[16];
  for (int i = 0; i < 16; ++i) a[i] = load_words(from + i * from_stride).v;
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {  // a[i + c] holds column 4 q + c of rows i..i+3 in its quarter q
    a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
  for (int c = 0; c < 4; ++c) {
    const __m512 upper_even = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88),
                 upper_odd = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd);
    const __m512 lower_even = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88);
    const __m512 lower_odd = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
    store_words({_mm512_shuffle_f32x4(upper_even, lower_even, 0x88)}, to + c * to_stride);
    store_words({_mm512_shuffle_f32x4(upper_odd, lower_odd, 0x88)}, to + (4 + c) * to_stride);
    store_words({_mm512_shuffle_f32x4(upper_even, lower_even, 0xdd)}, to + (8 + c) * to_stride);
    store_words({_mm512_shuffle_f32x4(upper_odd, lower_odd, 0xdd)}, to + (12 + c) * to_stride);
  }
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
