// SPDX-License-Identifier: Apache-2.0
// What the lanes do with 8-bit weights, in AVX-512 registers. Operations and their meaning: kernels/cpu/quants_scalar.h.
#pragma once

#include "kernels/cpu/pairs_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr float kQuantZero = 0x1p15f + 128.0f;
inline constexpr __mmask64 kSecondBytes = 0x2222222222222222u;  // of every word, where a byte is put below the exponent

// The conversion keeps denormals whatever MXCSR says.
inline Lanes load_halves(const uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline void load_quants(const uint8_t* pairs, Lanes& even, Lanes& odd) {
  const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs)));
  const __m512i power = _mm512_set1_epi32(0x47000000);
  const __m512i first_byte = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 4 << 8, 8 << 8, 12 << 8));
  even.v = _mm512_castsi512_ps(_mm512_mask_shuffle_epi8(power, kSecondBytes, words, first_byte));
  odd.v = _mm512_castsi512_ps(_mm512_mask_blend_epi8(kSecondBytes, power, words));
}

// Truncated after adding the number below 1/2: 1/2 itself would carry the number below 1/2 up to 1.
inline __m512i nearest_integers(Lanes a) {
  const __m512 sign = _mm512_and_ps(a.v, _mm512_set1_ps(-0.0f));
  return _mm512_cvttps_epi32(_mm512_add_ps(a.v, _mm512_or_ps(sign, _mm512_set1_ps(0x1.fffffep-2f))));
}
inline void store_quants(Lanes even, Lanes odd, uint8_t* pairs) {
  const __m512i both = _mm512_add_epi32(nearest_integers(even), _mm512_slli_epi32(nearest_integers(odd), 8));
  const __m512i words = _mm512_add_epi32(both, _mm512_set1_epi32(0x8080));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(pairs), _mm512_cvtepi32_epi16(words));
}

// In a sum with 2^16 times its own power of two a number has no place for the bits that a bf16 has not.
inline Lanes round_to_bf16(Lanes a) {
  const __m512 power = _mm512_and_ps(a.v, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xff800000u))));
  const __m512 far = _mm512_set1_ps(0x1p16f);
  return {_mm512_fnmadd_ps(power, far, _mm512_fmadd_ps(power, far, a.v))};
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
