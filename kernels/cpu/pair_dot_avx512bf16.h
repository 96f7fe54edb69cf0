// SPDX-License-Identifier: Apache-2.0
// The contract's step of a bf16 dot product in one instruction, which flushes denormals whatever MXCSR says.
#pragma once

#include "kernels/cpu/pairs_avx512.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr bool kPairDotIsOneInstruction = true;

// As in kernels/cpu/pair_dot.h.
inline Lanes pair_dot(Lanes sum, Lanes a, Lanes b) {
  return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
