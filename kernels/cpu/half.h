// SPDX-License-Identifier: Apache-2.0
// IEEE half precision (f16) as 16 bits: the type of Q8_0's scales.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// To the nearest f16, ties to even, denormals kept, whatever the floating-point mode; beyond 65504 infinity.
uint16_t to_half(float x);

// Exact.
float from_half(uint16_t bits);

}  // namespace lockstep::kernels::cpu
