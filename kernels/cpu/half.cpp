// SPDX-License-Identifier: Apache-2.0
// IEEE half precision in integer arithmetic, so that flushing of denormals cannot touch it.
#include "kernels/cpu/half.h"

#include <bit>

namespace lockstep::kernels::cpu {
namespace {

constexpr uint32_t kInfinity = 0x7f800000u, kHalfInfinity = 0x7c00u, kQuiet = 0x200u;
constexpr uint32_t kRebias = (127u - 15u) << 23;  // between the exponents of the two types

// x / 2^shift to the nearest integer, ties to even; shift is not 0.
uint32_t shifted(uint32_t x, uint32_t shift) {
  const uint32_t half = 1u << (shift - 1), odd = x >> shift & 1u;
  return (x + half - 1 + odd) >> shift;
}

uint32_t half_magnitude(uint32_t magnitude) {
  if (magnitude > kInfinity) return kHalfInfinity | kQuiet | (magnitude >> 13 & 0x1ffu);
  if (magnitude >= 0x477ff000u) return kHalfInfinity;  // 65520, halfway to 2^16
  if (magnitude >= 0x38800000u) return shifted(magnitude - kRebias, 13);
  const uint32_t exponent = magnitude >> 23;
  if (exponent < 102) return 0;  // below 2^-25, half of the least f16
  return shifted((magnitude & 0x007fffffu) | 0x00800000u, 126 - exponent);
}

}  // namespace

uint16_t to_half(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return static_cast<uint16_t>((bits >> 16 & 0x8000u) | half_magnitude(bits & 0x7fffffffu));
}

float from_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, magnitude = half & 0x7fffu;
  if (magnitude >= kHalfInfinity) return std::bit_cast<float>(sign | kInfinity | (magnitude & 0x3ffu) << 13);
  if (magnitude >= 0x400u) return std::bit_cast<float>(sign | ((magnitude << 13) + kRebias));
  if (magnitude == 0) return std::bit_cast<float>(sign);
  const auto shift = static_cast<uint32_t>(std::countl_zero(magnitude)) - 8;  // its first bit becomes the implied one
  return std::bit_cast<float>(sign | ((150u - 24u - shift) << 23) | (magnitude << shift & 0x007fffffu));
}

}  // namespace lockstep::kernels::cpu
