// SPDX-License-Identifier: Apache-2.0
// The contract's step of a bf16 dot product, as two fused multiply-adds: the meaning of AVX512-BF16's one instruction.
#pragma once

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr bool kPairDotIsOneInstruction = false;

// sum + a . b for lanes that are pairs of bf16: first the odd, then the even elements. In FloatMode.
inline Lanes pair_dot(Lanes sum, Lanes a, Lanes b) {
  return fma(even_of_pairs(a), even_of_pairs(b), fma(odd_of_pairs(a), odd_of_pairs(b), sum));
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
