// SPDX-License-Identifier: Apache-2.0
// f32 to bf16 in AVX-512 words, as Lanes::store_bf16 of kernels/cpu/lanes_scalar.h says.
#pragma once

#include <immintrin.h>

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline __m256i to_bf16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  __m512i top = _mm512_srli_epi32(rounded, 16);
  const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  const __mmask16 is_small = _mm512_cmplt_epi32_mask(magnitude, _mm512_set1_epi32(0x00800000));
  const __m512i cut = _mm512_srli_epi32(bits, 16);
  top = _mm512_mask_or_epi32(top, is_nan, cut, _mm512_set1_epi32(0x40));
  top = _mm512_mask_and_epi32(top, is_small, cut, _mm512_set1_epi32(0x8000));
  return _mm512_cvtepi32_epi16(top);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
