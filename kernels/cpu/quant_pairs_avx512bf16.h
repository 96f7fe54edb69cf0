// SPDX-License-Identifier: Apache-2.0
// 8-bit weights times their scales as pairs of bf16: both elements of a pair side by side, rounded by one instruction.
#pragma once

#include "kernels/cpu/quants_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// As in kernels/cpu/quant_pairs.h. Every lane holds one element, so each scale is there twice.
class QuantPairs {
 public:
  QuantPairs() = default;
  explicit QuantPairs(const uint16_t* halves) {
    const Lanes scales = load_halves(halves);
    zip(scales, scales, low_, high_);
    low_offset_ = low_ * Lanes::broadcast(-kQuantZero);
    high_offset_ = high_ * Lanes::broadcast(-kQuantZero);
  }

  Lanes load(const uint8_t* pairs) const {
    const Lanes low = fma(widened(pairs), low_, low_offset_), high = fma(widened(pairs + 16), high_, high_offset_);
    return {_mm512_castsi512_ps(reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v)))};
  }

 private:
  // 16 bytes as 2^15 + u. The load broadcasts them to the register's four parts, each of which widens four.
  static Lanes widened(const uint8_t* bytes) {
    const __m512i all = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
    const __m512i own = _mm512_slli_epi32(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 8);
    return {_mm512_castsi512_ps(
        _mm512_mask_shuffle_epi8(_mm512_set1_epi32(0x47000000), kSecondBytes, all, own))};
  }

  Lanes low_, high_, low_offset_, high_offset_;
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
