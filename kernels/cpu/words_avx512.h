// SPDX-License-Identifier: Apache-2.0
// The words in one AVX-512 register. Operations and their meaning: kernels/cpu/words_scalar.h.
#pragma once

#include "kernels/cpu/lanes_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Words {
  __m512i v;

  static Words broadcast(uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
  static Words load(const uint32_t* p) { return {_mm512_loadu_si512(p)}; }
  void store(uint32_t* p) const { _mm512_storeu_si512(p, v); }
};

inline Words operator+(Words a, Words b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline Words operator^(Words a, Words b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline void multiply(Words a, uint32_t factor, Words& high, Words& low) {
  constexpr __mmask16 kOdd = 0xaaaa;
  const __m512i f = _mm512_set1_epi32(static_cast<int>(factor));
  const __m512i even = _mm512_mul_epu32(a.v, f);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), f);
  low.v = _mm512_mask_shuffle_epi32(even, kOdd, odd, _MM_PERM_CCAA);
  high.v = _mm512_mask_shuffle_epi32(odd, static_cast<__mmask16>(~kOdd), even, _MM_PERM_DDBB);
}
inline void transpose_fours(Words a, Words b, Words c, Words d, Words* out) {
  const __m512i ab_low = _mm512_unpacklo_epi32(a.v, b.v), ab_high = _mm512_unpackhi_epi32(a.v, b.v);
  const __m512i cd_low = _mm512_unpacklo_epi32(c.v, d.v), cd_high = _mm512_unpackhi_epi32(c.v, d.v);
  out[0].v = _mm512_unpacklo_epi64(ab_low, cd_low);
  out[1].v = _mm512_unpackhi_epi64(ab_low, cd_low);
  out[2].v = _mm512_unpacklo_epi64(ab_high, cd_high);
  out[3].v = _mm512_unpackhi_epi64(ab_high, cd_high);
}
inline Lanes leading_bits(Words a) { return {_mm512_cvtepi32_ps(_mm512_srli_epi32(a.v, 8))}; }
inline Lanes bits_as_number(Lanes a) { return {_mm512_cvtepi32_ps(_mm512_castps_si512(a.v))}; }
inline uint32_t not_less(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ); }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
