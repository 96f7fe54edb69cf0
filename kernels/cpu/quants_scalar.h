// SPDX-License-Identifier: Apache-2.0
// What the lanes do with 8-bit weights, as plain loops: the meaning of every operation.
#pragma once

#include <cmath>

#include "kernels/cpu/half.h"
#include "kernels/cpu/pairs_scalar.h"
#include "kernels/cpu/q8_layout.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// A byte u = q + 128 becomes the f32 2^15 + u without arithmetic: it is put below the exponent. kQuantZero is q = 0 so.
inline constexpr float kQuantZero = 0x1p15f + 128.0f;

// 16 f16 as f32. They are finite and not negative.
inline Lanes load_halves(const uint16_t* p) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = from_half(p[i]);
  return r;
}
// 2^15 + u of the line's first (v = 0) or last (v = 1) 16 outputs, of the even and of the odd place.
inline void load_quants(const uint8_t* line, int v, Lanes& even, Lanes& odd) {
  for (int i = 0; i < Lanes::kCount; ++i) {
    even.v[i] = 0x1p15f + line[q8_byte(16 * v + i, 0)];
    odd.v[i] = 0x1p15f + line[q8_byte(16 * v + i, 1)];
  }
}
// A line of the nearest integers q, ties away from zero, as q + 128. Magnitudes are below 127.5.
inline void store_quants(const Lanes (&even)[2], const Lanes (&odd)[2], uint8_t* line) {
  const auto byte = [](float x) { return static_cast<uint8_t>(static_cast<int>(std::round(x)) + 128); };
  for (int i = 0; i < 2 * Lanes::kCount; ++i) {
    line[q8_byte(i, 0)] = byte(even[i / Lanes::kCount].v[i % Lanes::kCount]);
    line[q8_byte(i, 1)] = byte(odd[i / Lanes::kCount].v[i % Lanes::kCount]);
  }
}
// The nearest bf16, ties to even, as f32. Magnitudes are 0 or from 2^-126 to 2^110.
inline Lanes round_to_bf16(const Lanes& a) {
  uint16_t rounded[Lanes::kCount];
  a.store_bf16(rounded);
  return Lanes::load_bf16(rounded);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
