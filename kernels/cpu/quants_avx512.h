// SPDX-License-Identifier: Apache-2.0
// What the lanes do with 8-bit weights, in AVX-512 registers. Operations and their meaning: kernels/cpu/quants_scalar.h.
#pragma once

#include "kernels/cpu/pairs_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr float kQuantZero = 0x1p15f + 128.0f;

// The conversion keeps denormals whatever MXCSR says.
inline Lanes load_halves(const uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}

// The line's 16-bit words, each a place of outputs o and o + 16: four outputs at the even, then at the odd place, and so on.
inline __m512i places_apart(__m512i line) {
  const auto four = [](int64_t first) { return 0x000a000800020000 + first * 0x0001000100010001; };
  return _mm512_permutexvar_epi16(
      _mm512_setr_epi64(four(0), four(1), four(16), four(17), four(4), four(5), four(20), four(21)), line);
}
// A byte is put into the upper half of 16 bits, and these below an exponent.
inline __m512i upper_bytes(__m512i words, int byte) {
  return byte == 0 ? _mm512_slli_epi16(words, 8)
                   : _mm512_and_si512(words, _mm512_set1_epi16(static_cast<short>(0xff00)));
}
inline Lanes widened_low(__m512i bytes) {
  return {_mm512_castsi512_ps(_mm512_unpacklo_epi16(bytes, _mm512_set1_epi16(0x4700)))};
}
inline Lanes widened_high(__m512i bytes) {
  return {_mm512_castsi512_ps(_mm512_unpackhi_epi16(bytes, _mm512_set1_epi16(0x4700)))};
}
inline void load_quants(const uint8_t* line, int v, Lanes& even, Lanes& odd) {
  const __m512i own = upper_bytes(places_apart(_mm512_loadu_si512(line)), v);
  even = widened_low(own);
  odd = widened_high(own);
}

// Truncated after adding the number below 1/2: 1/2 itself would carry the number below 1/2 up to 1.
inline __m512i nearest_integers(Lanes a) {
  const __m512 sign = _mm512_and_ps(a.v, _mm512_set1_ps(-0.0f));
  return _mm512_cvttps_epi32(_mm512_add_ps(a.v, _mm512_or_ps(sign, _mm512_set1_ps(0x1.fffffep-2f))));
}
// The four numbers of a word are summed; 128 lifts each above the borrows of the lower ones.
inline void store_quants(const Lanes (&even)[2], const Lanes (&odd)[2], uint8_t* line) {
  const __m512i evens = _mm512_add_epi32(nearest_integers(even[0]), _mm512_slli_epi32(nearest_integers(even[1]), 8));
  const __m512i odds = _mm512_add_epi32(nearest_integers(odd[0]), _mm512_slli_epi32(nearest_integers(odd[1]), 8));
  const __m512i words = _mm512_add_epi32(evens, _mm512_slli_epi32(odds, 16));
  const __m512i lifted = _mm512_add_epi32(words, _mm512_set1_epi32(static_cast<int>(0x80808080u)));
  const __m512i line_order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(line, _mm512_permutexvar_epi32(line_order, lifted));
}

// In a sum with 2^16 times its own power of two a number has no place for the bits that a bf16 has not.
inline Lanes round_to_bf16(Lanes a) {
  const __m512 power = _mm512_and_ps(a.v, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xff800000u))));
  const __m512 far = _mm512_set1_ps(0x1p16f);
  return {_mm512_fnmadd_ps(power, far, _mm512_fmadd_ps(power, far, a.v))};
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
