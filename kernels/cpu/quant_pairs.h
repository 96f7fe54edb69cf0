// SPDX-License-Identifier: Apache-2.0
// 8-bit weights times their scales as pairs of bf16: the meaning of what AVX512-BF16 does with fewer instructions.
#pragma once

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// Of 16 outputs.
class QuantPairs {
 public:
  QuantPairs() = default;
  explicit QuantPairs(const uint16_t* halves)
      : scale_(load_halves(halves)), offset_(scale_ * Lanes::broadcast(-kQuantZero)) {}

  // The bf16 nearest to q * scale, in pairs. Line and v as in load_quants; the offset and the fused sum are exact.
  Lanes load(const uint8_t* line, int v) const {
    Lanes even, odd;
    load_quants(line, v, even, odd);
    return pairs_of(round_to_bf16(fma(even, scale_, offset_)), round_to_bf16(fma(odd, scale_, offset_)));
  }

 private:
  Lanes scale_, offset_;
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
