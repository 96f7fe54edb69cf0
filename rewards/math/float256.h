// SPDX-License-Identifier: Apache-2.0
// Floating-point numbers of 256 bits without allocation: the midpoints of certified intervals (ball.h).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "rewards/math/integer.h"

namespace lockstep::rewards::math {

// (-1)^is_negative * 0.mantissa * 2^exponent, the mantissa's top bit set; or zero. Every operation truncates: its error is
// below one unit in the last place, 2^(exponent - 256), and never away from zero.
struct Float256 {
  static constexpr int kLimbs = 4;
  static constexpr int kBits = 64 * kLimbs;
  // Beyond this exponent an operation reports overflow (nothing) instead of wrapping.
  static constexpr int64_t kMaxExponent = int64_t{1} << 40;

  bool is_negative = false;
  int64_t exponent = 0;
  std::array<uint64_t, kLimbs> mantissa = {};  // least significant first

  static Float256 from_integer(const Integer& value);  // truncated when it has more than 256 bits
  static Float256 from_double(double value);           // finite
  bool is_zero() const { return mantissa[kLimbs - 1] == 0; }
  double to_double() const;  // infinite when out of range
  Float256 operator-() const;
};

Float256 add(const Float256& a, const Float256& b);
Float256 multiply(const Float256& a, const Float256& b);
Float256 divide(const Float256& a, const Float256& b);  // b != 0
Float256 divide(const Float256& a, uint64_t b);         // b != 0
Float256 scaled(const Float256& a, int64_t power_of_two);
std::strong_ordering compare(const Float256& a, const Float256& b);

}  // namespace lockstep::rewards::math
