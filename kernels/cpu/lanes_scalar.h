// SPDX-License-Identifier: Apache-2.0
// The lanes as plain loops: the meaning of every operation, and the path of a processor without AVX2.
#pragma once

#include <xmmintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kTile = 2;  // kTile x kTile accumulators and their operands fit in the registers
  float v[kCount];

  static Lanes broadcast(float x) {
    Lanes r;
    for (float& e : r.v) e = x;
    return r;
  }
  static Lanes zero() { return broadcast(0.0f); }
  static Lanes load(const float* p) {
    Lanes r;
    std::memcpy(r.v, p, sizeof r.v);
    return r;
  }
  // The first n lanes, 0 <= n <= 16; the others are 0.
  static Lanes load_first(const float* p, int n) {
    Lanes r = zero();
    std::memcpy(r.v, p, sizeof(float) * static_cast<size_t>(n));
    return r;
  }
  static Lanes load_bf16(const uint16_t* p) { return load_first_bf16(p, kCount); }
  static Lanes load_first_bf16(const uint16_t* p, int n) {
    Lanes r = zero();
    for (int i = 0; i < n; ++i) {
      const uint32_t bits = static_cast<uint32_t>(p[i]) << 16;
      std::memcpy(&r.v[i], &bits, sizeof bits);
    }
    return r;
  }
  void store(float* p) const { std::memcpy(p, v, sizeof v); }
  void store_first(float* p, int n) const { std::memcpy(p, v, sizeof(float) * static_cast<size_t>(n)); }
  // Rounded to the nearest bf16, ties to even; denormals become 0 with their sign, a NaN stays quiet.
  void store_bf16(uint16_t* p) const { store_first_bf16(p, kCount); }
  void store_first_bf16(uint16_t* p, int n) const {
    for (int i = 0; i < n; ++i) {
      uint32_t bits;
      std::memcpy(&bits, &v[i], sizeof bits);
      const uint32_t magnitude = bits & 0x7fffffffu;
      if (magnitude > 0x7f800000u)
        p[i] = static_cast<uint16_t>((bits >> 16) | 0x40u);
      else if (magnitude < 0x00800000u)
        p[i] = static_cast<uint16_t>((bits >> 16) & 0x8000u);
      else
        p[i] = static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
  }
};

#define LOCKSTEP_LANEWISE(NAME, EXPRESSION)              \
  inline Lanes NAME(const Lanes& a, const Lanes& b) {    \
    Lanes r;                                             \
    for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = EXPRESSION; \
    return r;                                            \
  }
LOCKSTEP_LANEWISE(operator+, a.v[i] + b.v[i])
LOCKSTEP_LANEWISE(operator-, a.v[i] - b.v[i])
LOCKSTEP_LANEWISE(operator*, a.v[i] * b.v[i])
LOCKSTEP_LANEWISE(operator/, a.v[i] / b.v[i])
// The second operand if either is a NaN, as x86 does.
LOCKSTEP_LANEWISE(max, a.v[i] > b.v[i] ? a.v[i] : b.v[i])
LOCKSTEP_LANEWISE(min, a.v[i] < b.v[i] ? a.v[i] : b.v[i])
#undef LOCKSTEP_LANEWISE

// a * b + c, rounded once.
inline Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
  return r;
}
inline Lanes sqrt(const Lanes& a) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = std::sqrt(a.v[i]);
  return r;
}
// The nearest integer, ties to even. |a| < 2^31.
inline Lanes round(const Lanes& a) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = std::nearbyint(a.v[i]);
  return r;
}
// x < y ? a : b, lane by lane; b where x or y is a NaN.
inline Lanes where_less(const Lanes& x, const Lanes& y, const Lanes& a, const Lanes& b) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = x.v[i] < y.v[i] ? a.v[i] : b.v[i];
  return r;
}
// a * 2^n for an integral n in [-126, 127], exact unless the result is out of range.
inline Lanes scale_by_power(const Lanes& a, const Lanes& n) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) {
    const uint32_t bits = (static_cast<uint32_t>(_mm_cvttss_si32(_mm_set_ss(n.v[i]))) + 127u) << 23;  // defined for a NaN, as in vectors
    float power;
    std::memcpy(&power, &bits, sizeof bits);
    r.v[i] = a.v[i] * power;
  }
  return r;
}
// For a positive normal a = m 2^e with m in [1, 2): the exponent e as f32, and m.
inline void split_exponent(const Lanes& a, Lanes& exponent, Lanes& mantissa) {
  for (int i = 0; i < Lanes::kCount; ++i) {
    uint32_t bits;
    std::memcpy(&bits, &a.v[i], sizeof bits);
    exponent.v[i] = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127);
    bits = (bits & 0x007fffffu) | 0x3f800000u;
    std::memcpy(&mantissa.v[i], &bits, sizeof bits);
  }
}
// Butterfly: lanes i and i + 8 are added, then i + 4, i + 2, i + 1. The order is part of the contract.
inline float sum(const Lanes& a) {
  float t[Lanes::kCount];
  a.store(t);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) t[i] = t[i] + t[i + half];
  return t[0];
}
// The largest lane by the butterfly of `sum`, so that the sign of a zero is the same everywhere. Lanes that are NaN: some
// lane's value, the same one everywhere.
inline float max_of(const Lanes& a) {
  float t[Lanes::kCount];
  a.store(t);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) t[i] = t[i] > t[i + half] ? t[i] : t[i + half];
  return t[0];
}
// Lane i of the result is sum(a[i]), the same bits.
inline Lanes sums_of(const Lanes* a) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = sum(a[i]);
  return r;
}
// Lanes 0..n-1 of a and the others of b, 0 <= n <= 16.
inline Lanes select_first(int n, const Lanes& a, const Lanes& b) {
  Lanes r;
  for (int i = 0; i < Lanes::kCount; ++i) r.v[i] = i < n ? a.v[i] : b.v[i];
  return r;
}
// The 32 elements of a, then b: those at even places and those at odd places.
inline void unzip(const Lanes& a, const Lanes& b, Lanes& even, Lanes& odd) {
  float t[2 * Lanes::kCount];
  a.store(t);
  b.store(t + Lanes::kCount);
  for (int i = 0; i < Lanes::kCount; ++i) {
    even.v[i] = t[2 * i];
    odd.v[i] = t[2 * i + 1];
  }
}
// The inverse of unzip.
inline void zip(const Lanes& even, const Lanes& odd, Lanes& a, Lanes& b) {
  float t[2 * Lanes::kCount];
  for (int i = 0; i < Lanes::kCount; ++i) {
    t[2 * i] = even.v[i];
    t[2 * i + 1] = odd.v[i];
  }
  a = Lanes::load(t);
  b = Lanes::load(t + Lanes::kCount);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
