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

// Every second byte, the first one or the second, of eight pairs.
inline __m256 eight_quants(const uint8_t* pairs, __m256i places) {
  const __m256i bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs)));
  return _mm256_castsi256_ps(_mm256_or_si256(_mm256_shuffle_epi8(bytes, places), _mm256_set1_epi32(0x47000000)));
}
// Byte 1 of word i of half h is byte 8 h + 2 i of the source, or the next one; the others are 0.
inline __m256i places_of_bytes(int first) {
  constexpr int kNone = 0x00800080;
  const auto at = [=](int byte) { return static_cast<int>(0x80000000u) | kNone | (first + byte) << 8; };
  return _mm256_setr_epi32(at(0), at(2), at(4), at(6), at(8), at(10), at(12), at(14));
}
inline void load_quants(const uint8_t* pairs, Lanes& even, Lanes& odd) {
  even = {eight_quants(pairs, places_of_bytes(0)), eight_quants(pairs + 16, places_of_bytes(0))};
  odd = {eight_quants(pairs, places_of_bytes(1)), eight_quants(pairs + 16, places_of_bytes(1))};
}

// Truncated after adding the number below 1/2: 1/2 itself would carry the number below 1/2 up to 1.
inline __m256i nearest_integers(__m256 a) {
  const __m256 sign = _mm256_and_ps(a, _mm256_set1_ps(-0.0f));
  return _mm256_cvttps_epi32(_mm256_add_ps(a, _mm256_or_ps(sign, _mm256_set1_ps(0x1.fffffep-2f))));
}
inline __m256i eight_pairs(__m256 even, __m256 odd) {
  const __m256i both = _mm256_add_epi32(nearest_integers(even), _mm256_slli_epi32(nearest_integers(odd), 8));
  return _mm256_add_epi32(both, _mm256_set1_epi32(0x8080));
}
inline void store_quants(Lanes even, Lanes odd, uint8_t* pairs) {
  const __m256i words = _mm256_packus_epi32(eight_pairs(even.low, odd.low), eight_pairs(even.high, odd.high));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(pairs), _mm256_permute4x64_epi64(words, 0xd8));
}

// In a sum with 2^16 times its own power of two a number has no place for the bits that a bf16 has not.
inline __m256 round_to_bf16(__m256 a) {
  const __m256 power = _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xff800000u))));
  const __m256 far = _mm256_set1_ps(0x1p16f);
  return _mm256_fnmadd_ps(power, far, _mm256_fmadd_ps(power, far, a));
}
inline Lanes round_to_bf16(Lanes a) { return {round_to_bf16(a.low), round_to_bf16(a.high)}; }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
