// SPDX-License-Identifier: Apache-2.0
// Integers of any size, for exact answers: sign and magnitude in base 2^32, with division and gcd.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lockstep::rewards::math {

// Schoolbook algorithms, quadratic in the number of limbs: callers hold values below Limits::max_bits.
class Integer {
 public:
  Integer() = default;
  Integer(int64_t value);  // NOLINT: integers convert

  // Digits of `base` (2 to 36, letters in either case). Nothing for an empty text or a digit out of range.
  static std::optional<Integer> from_digits(std::string_view digits, uint32_t base = 10);
  // Steps of a budget (limits.h) that so many digits cost; also the power of ten with so many zeros.
  static int64_t digits_cost(size_t num_digits) {
    const auto limbs = static_cast<int64_t>(num_digits / 6);  // at least six digits fill a limb
    return 2 + limbs + limbs * limbs / 16;
  }

  static Integer from_limbs(std::vector<uint32_t> limbs);  // least significant first

  bool is_zero() const { return limbs_.empty(); }
  bool is_negative() const { return is_negative_; }
  bool is_odd() const { return !limbs_.empty() && (limbs_[0] & 1) != 0; }
  size_t bits() const;                      // of the magnitude; 0 for 0
  std::optional<int64_t> to_int64() const;  // nothing when it does not fit
  uint64_t modulo(uint64_t modulus) const;  // in [0, modulus), also for negative values; modulus < 2^63
  const std::vector<uint32_t>& limbs() const { return limbs_; }  // least significant first, no leading zeros

  Integer operator-() const;
  Integer operator+(const Integer& other) const;
  Integer operator-(const Integer& other) const { return *this + -other; }
  Integer operator*(const Integer& other) const;
  bool operator==(const Integer& other) const = default;
  std::strong_ordering operator<=>(const Integer& other) const;

  // Quotient truncated towards zero, remainder with the sign of `numerator`; denominator != 0.
  struct Division;
  static Division divide(const Integer& numerator, const Integer& denominator);

 private:
  void trim();

  std::vector<uint32_t> limbs_;
  bool is_negative_ = false;  // never for 0
};

struct Integer::Division {
  Integer quotient, remainder;
};

Integer absolute(const Integer& value);
Integer gcd(Integer a, Integer b);                      // >= 0; gcd.cpp
Integer power(const Integer& base, uint64_t exponent);  // the caller bounds bits * exponent
Integer root_floor(const Integer& value,
                   uint32_t index);  // value >= 0, index >= 1: the largest r with r^index <= value

}  // namespace lockstep::rewards::math
