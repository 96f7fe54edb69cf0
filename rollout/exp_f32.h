// SPDX-License-Identifier: Apache-2.0
// The exponential of a non-positive f32 as one exact sequence of operations that compilers turn into vector code.
#pragma once

#include <bit>
#include <cstdint>

#include "base/log_f32.h"

namespace lockstep::rollout {

inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kExpFloor = -87.0f;  // exp(-87) is still normal; anything below counts as 0

// exp(x) for x <= 0, relative error below 2 units of 2^-24 (tests/rollout/sampler_test.cpp); exactly 1 at 0 and exactly 0
// below kExpFloor. exp(x) = 2^n exp(r), |r| <= ln(2)/2, exp(r) by its Taylor polynomial of degree 7 (remainder 6e-9).
// No fma: without it the same bits come from any vector width.
inline float exp_f32(float x) {
  constexpr float kRounder = 0x1.8p23f;  // adding it rounds to an integer, kept in the low bits of the mantissa
  constexpr auto kFloorBits = std::bit_cast<uint32_t>(kExpFloor);
  // Of non-positive numbers the smaller has the larger bits. Comparisons are made on bits because a comparison of floats
  // may trap, which keeps compilers from making vector code.
  const auto bits = std::bit_cast<uint32_t>(x);
  const float clamped = std::bit_cast<float>(bits < kFloorBits ? bits : kFloorBits);
  const float shifted = clamped * kLog2E + kRounder;
  const float n = shifted - kRounder;
  const float r = (clamped - n * base::kLn2High) - n * base::kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRounder) + 127;
  const float value = p * std::bit_cast<float>(exponent << 23);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) & (bits > kFloorBits ? 0u : ~0u));
}

}  // namespace lockstep::rollout
