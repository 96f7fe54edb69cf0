// SPDX-License-Identifier: Apache-2.0
// What the lanes do with 8-bit weights, in AVX2 registers. Operations and their meaning: kernels/cpu/quants_scalar.h.
#pragma once

#include "kernels/cpu/pairs_avx2.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr float kQuantZero = 0x1p15f + 128.0f;

// Without F16C, which is a feature of its own. An exponent of 0 would be a denormal f32: 2^-14 is added and taken away.
inline __m256 eight_halves(const uint16_t* p) {
  const __m256i half = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  const __m256i bits = _mm256_slli_epi32(half, 13), least = _mm256_set1_epi32(113 << 23);
  const __m256 normal = _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(112 << 23)));
  const __m256 small = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_or_si256(bits, least)), _mm256_castsi256_ps(least));
  return _mm256_blendv_ps(normal, small, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(0x400), half)));
}
inline Lanes load_halves(const uint16_t* p) { return {eight_halves(p), eight_halves(p + 8)}; }

// Two of the line's four parts.
inline __m256i two_parts(const uint8_t* line, int first, int second) {
  const auto* part = reinterpret_cast<const __m128i*>(line);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(part + first)), _mm_loadu_si128(part + second),
                                 1);
}
// Byte `byte` of every word put below an exponent.
inline __m256 widened(__m256i words, int byte) {
  constexpr int kNone = static_cast<int>(0x80800080u);
  const __m256i places = _mm256_add_epi32(_mm256_setr_epi32(0, 4 << 8, 8 << 8, 12 << 8, 0, 4 << 8, 8 << 8, 12 << 8),
                                          _mm256_set1_epi32(kNone + (byte << 8)));
  return _mm256_castsi256_ps(_mm256_or_si256(_mm256_shuffle_epi8(words, places), _mm256_set1_epi32(0x47000000)));
}
inline void load_quants(const uint8_t* line, int v, Lanes& even, Lanes& odd) {
  const __m256i a = two_parts(line, 0, 2), b = two_parts(line, 1, 3);
  const __m256i low = _mm256_unpacklo_epi64(a, b), high = _mm256_unpackhi_epi64(a, b);
  even = {widened(low, v), widened(high, v)};
  odd = {widened(low, 2 + v), widened(high, 2 + v)};
}

// Truncated after adding the number below 1/2: 1/2 itself would carry the number below 1/2 up to 1.
inline __m256i nearest_integers(__m256 a) {
  const __m256 sign = _mm256_and_ps(a, _mm256_set1_ps(-0.0f));
  return _mm256_cvttps_epi32(_mm256_add_ps(a, _mm256_or_ps(sign, _mm256_set1_ps(0x1.fffffep-2f))));
}
// The four numbers of a word, the first in the lowest byte: a sum, in which 128 lifts each above the borrows of the lower ones.
inline __m256i four_quants(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256i ab = _mm256_add_epi32(nearest_integers(a), _mm256_slli_epi32(nearest_integers(b), 8));
  const __m256i cd = _mm256_add_epi32(nearest_integers(c), _mm256_slli_epi32(nearest_integers(d), 8));
  return _mm256_add_epi32(_mm256_add_epi32(ab, _mm256_slli_epi32(cd, 16)),
                          _mm256_set1_epi32(static_cast<int>(0x80808080u)));
}
inline void store_quants(const Lanes (&even)[2], const Lanes (&odd)[2], uint8_t* line) {
  const __m256i low = four_quants(even[0].low, even[1].low, odd[0].low, odd[1].low);
  const __m256i high = four_quants(even[0].high, even[1].high, odd[0].high, odd[1].high);
  const __m256i a = _mm256_unpacklo_epi64(low, high), b = _mm256_unpackhi_epi64(low, high);
  auto* to = reinterpret_cast<__m256i*>(line);
  _mm256_storeu_si256(to, _mm256_permute2x128_si256(a, b, 0x20));
  _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(a, b, 0x31));
}

// In a sum with 2^16 times its own power of two a number has no place for the bits that a bf16 has not.
inline __m256 round_to_bf16(__m256 a) {
  const __m256 power = _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xff800000u))));
  const __m256 far = _mm256_set1_ps(0x1p16f);
  return _mm256_fnmadd_ps(power, far, _mm256_fmadd_ps(power, far, a));
}
inline Lanes round_to_bf16(Lanes a) { return {round_to_bf16(a.low), round_to_bf16(a.high)}; }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
