// SPDX-License-Identifier: Apache-2.0
// The words in two AVX2 registers. Operations and their meaning: kernels/cpu/words_scalar.h.
#pragma once

#include "kernels/cpu/lanes_avx2.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Words {
  __m256i low, high;

  static Words broadcast(uint32_t x) {
    return {_mm256_set1_epi32(static_cast<int>(x)), _mm256_set1_epi32(static_cast<int>(x))};
  }
  static Words load(const uint32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
  }
  void store(uint32_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), high);
  }
};

inline Words operator+(Words a, Words b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
inline Words operator^(Words a, Words b) { return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)}; }
inline void multiply_eight(__m256i a, __m256i factor, __m256i& high, __m256i& low) {
  const __m256i even = _mm256_mul_epu32(a, factor);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}
inline void multiply(Words a, uint32_t factor, Words& high, Words& low) {
  const __m256i f = _mm256_set1_epi32(static_cast<int>(factor));
  multiply_eight(a.low, f, high.low, low.low);
  multiply_eight(a.high, f, high.high, low.high);
}
inline void transpose_fours(Words a, Words b, Words c, Words d, Words* out) {
  const auto transpose = [](__m256i x, __m256i y, __m256i z, __m256i w, __m256i* rows) {
    const __m256i xy_low = _mm256_unpacklo_epi32(x, y), xy_high = _mm256_unpackhi_epi32(x, y);
    const __m256i zw_low = _mm256_unpacklo_epi32(z, w), zw_high = _mm256_unpackhi_epi32(z, w);
    rows[0] = _mm256_unpacklo_epi64(xy_low, zw_low);
    rows[1] = _mm256_unpackhi_epi64(xy_low, zw_low);
    rows[2] = _mm256_unpacklo_epi64(xy_high, zw_high);
    rows[3] = _mm256_unpackhi_epi64(xy_high, zw_high);
  };
  __m256i low[4], high[4];
  transpose(a.low, b.low, c.low, d.low, low);
  transpose(a.high, b.high, c.high, d.high, high);
  for (int r = 0; r < 4; ++r) out[r] = {low[r], high[r]};
}
inline Lanes leading_bits(Words a) {
  return {_mm256_cvtepi32_ps(_mm256_srli_epi32(a.low, 8)), _mm256_cvtepi32_ps(_mm256_srli_epi32(a.high, 8))};
}
inline Lanes bits_as_number(Lanes a) {
  return {_mm256_cvtepi32_ps(_mm256_castps_si256(a.low)), _mm256_cvtepi32_ps(_mm256_castps_si256(a.high))};
}
inline uint32_t not_less(Lanes a, Lanes b) {
  const auto low = static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.low, b.low, _CMP_GE_OQ)));
  const auto high = static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.high, b.high, _CMP_GE_OQ)));
  return low | high << 8;
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
