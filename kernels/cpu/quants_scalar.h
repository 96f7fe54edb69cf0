// SPDX-License-Identifier: Apache-2.0
// What the lanes do with 8-bit weights, as plain loops: the meaning of every operation.
#pragma once

#include <cmath>

#include "kernels/cpu/half.h"
#include "kernels/cpu/pairs_scalar.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// A byte u = q + 128 becomes the f32 2^15 + u without arithmetic: u is put below the exponent. kQuantZero is q = 0 so.
inline constexpr float kQuantZero = 0x1p15f + 128.0f;

// 16 f16 as f32. They are finite and not negative.
inline Lanes load_halves(const uint16_t* p) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = from_half(p[i]);
  return r;
}
// The bytes u of 16 outputs, of each an even and an odd place: 2^15 + u.
inline void load_quants(const uint8_t* pairs, Lanes& even, Lanes& odd) {
  for (int i = 0; i < Lanes::kCount; ++i) {
    even.v[i] = 0x1p15f + pairs[2 * i];
    odd.v[i] = 0x1p15f + pairs[2 * i + 1];
  }
}
// The nearest integers q, ties away from zero, as bytes q + 128. Magnitudes are below 127.5.
inline void store_quants(const Lanes& even, const Lanes& odd, uint8_t* pairs) {
  for (int i = 0; i < Lanes::kCount; ++i) {
    pairs[2 * i] = static_cast<uint8_t>(static_cast<int>(std::round(even.v[i])) + 128);
    pairs[2 * i + 1] = static_cast<uint8_t>(static_cast<int>(std::round(odd.v[i])) + 128);
  }
}
// The nearest bf16, ties to even, as f32. Magnitudes are 0 or from 2^-126 to 2^110.
inline Lanes round_to_bf16(const Lanes& a) {
  uint16_t rounded[Lanes::kCount];
  a.store_bf16(rounded);
  return Lanes::load_bf16(rounded);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
