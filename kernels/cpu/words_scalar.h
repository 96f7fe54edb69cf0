// SPDX-License-Identifier: Apache-2.0
// Sixteen 32-bit words beside the sixteen f32 lanes, as plain loops: what the noise generator computes with.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/lanes_scalar.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Words {
  uint32_t v[Lanes::kCount];

  static Words broadcast(uint32_t x) {
    Words r;
    for (uint32_t& e : r.v) e = x;
    return r;
  }
  static Words load(const uint32_t* p) {
    Words r;
    std::memcpy(r.v, p, sizeof r.v);
    return r;
  }
  void store(uint32_t* p) const { std::memcpy(p, v, sizeof v); }
};

inline Words operator+(const Words& a, const Words& b) {
  Words r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}
inline Words operator^(const Words& a, const Words& b) {
  Words r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = a.v[i] ^ b.v[i];
  return r;
}
// The upper and the lower half of a's 64-bit products with `factor`. The outputs may be the input.
inline void multiply(const Words& a, uint32_t factor, Words& high, Words& low) {
  for (int i = 0; i < Lanes::kCount; ++i) {
    const uint64_t product = uint64_t{a.v[i]} * factor;
    high.v[i] = static_cast<uint32_t>(product >> 32);
    low.v[i] = static_cast<uint32_t>(product);
  }
}
// The 4 x 4 blocks of (a, b, c, d) transposed: out[r], words 4 k .. 4 k + 3 = word 4 k + r of a, b, c and d.
inline void transpose_fours(const Words& a, const Words& b, const Words& c, const Words& d, Words* out) {
  for (int r = 0; r < 4; ++r) {
    for (int k = 0; k < 4; ++k) {
      out[r].v[4 * k] = a.v[4 * k + r];
      out[r].v[4 * k + 1] = b.v[4 * k + r];
      out[r].v[4 * k + 2] = c.v[4 * k + r];
      out[r].v[4 * k + 3] = d.v[4 * k + r];
    }
  }
}
// floor(a / 2^8) as f32, exact.
inline Lanes leading_bits(const Words& a) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = static_cast<float>(static_cast<int32_t>(a.v[i] >> 8));
  return r;
}
// The bits of each lane, read as a signed integer, as f32 (rounded).
inline Lanes bits_as_number(const Lanes& a) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) {
    int32_t bits;
    std::memcpy(&bits, &a.v[i], sizeof bits);
    r.v[i] = static_cast<float>(bits);
  }
  return r;
}
// Bit i is a_i >= b_i; 0 where a or b is a NaN.
inline uint32_t not_less(const Lanes& a, const Lanes& b) {
  uint32_t mask = 0;
  for (int i = 0; i < Lanes::kCount; ++i) mask |= static_cast<uint32_t>(a.v[i] >= b.v[i]) << i;
  return mask;
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
