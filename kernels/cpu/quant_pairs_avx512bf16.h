// SPDX-License-Identifier: Apache-2.0
// 8-bit weights times their scales as pairs of bf16: both elements of a pair side by side, rounded by one instruction.
#pragma once

#include "kernels/cpu/quants_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// As in kernels/cpu/quant_pairs.h. A lane holds one element, so each scale is there twice.
class QuantPairs {
 public:
  QuantPairs() = default;
  explicit QuantPairs(const uint16_t* halves) {
    const Lanes scales = load_halves(halves);
    zip(scales, scales, low_, high_);
    low_offset_ = low_ * Lanes::broadcast(-kQuantZero);
    high_offset_ = high_ * Lanes::broadcast(-kQuantZero);
  }

  Lanes load(const uint8_t* line, int v) const {
    const __m512i own = upper_bytes(_mm512_loadu_si512(line), v);
    const Lanes low = fma(widened_low(own), low_, low_offset_), high = fma(widened_high(own), high_, high_offset_);
    return {_mm512_castsi512_ps(reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v)))};
  }

 private:
  Lanes low_, high_, low_offset_, high_offset_;
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
