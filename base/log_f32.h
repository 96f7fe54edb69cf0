// SPDX-License-Identifier: Apache-2.0
// The natural logarithm as one exact sequence of f32 operations, so that vector code can repeat it bit for bit.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace lockstep::base {

// Q of log(1+f) = f - f^2/2 + f^3 Q(f) on sqrt(1/2) <= 1+f < sqrt(2): our own Remez fit, weighted for the
// relative error of the logarithm (0.1 units of 2^-24 before rounding), lowest power first.
inline constexpr float kLogPolynomial[8] = {0x1.555554p-2f, -0x1.000226p-2f, 0x1.99a008p-3f, -0x1.547244p-3f,
                                            0x1.22da1ap-3f, -0x1.0d8546p-3f, 0x1.055b84p-3f, -0x1.38b5a6p-4f};
inline constexpr float kLn2High = 0x1.62e4p-1f;        // 15 bits: a product with an exponent is exact
inline constexpr float kLn2Low = 0x1.7f7d1cp-20f;      // ln 2 - kLn2High
inline constexpr uint32_t kSqrtHalfBits = 0x3f3504f3;  // f32 sqrt(1/2)

// log(x) for positive normal x; relative error below 2 units of 2^-24 (tests/base/rng_test.cpp). Every step
// is one rounded IEEE operation in the order written: integer arithmetic, fma, multiply, add.
inline float log_f32(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const int32_t exponent = static_cast<int32_t>(bits - kSqrtHalfBits) >> 23;
  const float f = std::bit_cast<float>(bits - (static_cast<uint32_t>(exponent) << 23)) - 1.0f;  // exact
  const auto e = static_cast<float>(exponent);
  float q = kLogPolynomial[7];
  for (int i = 6; i >= 0; --i) q = std::fma(q, f, kLogPolynomial[i]);
  const float tail = (f * f) * std::fma(q, f, -0.5f);
  return std::fma(e, kLn2High, f + std::fma(e, kLn2Low, tail));
}

}  // namespace lockstep::base
