// SPDX-License-Identifier: Apache-2.0
// Exact rational numbers of any size that a bounded answer text can hold; enough for verifying, no more.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lockstep::rewards {

// Sign and magnitude in base 10^9. Schoolbook arithmetic: quadratic, for numbers of a few thousand digits. A product above
// 40,000 digits is an Error; callers bound their inputs (4 KiB of text) so that none arises.
class BigInt {
 public:
  BigInt() = default;
  BigInt(int64_t value);                               // NOLINT: integers convert
  static BigInt from_digits(std::string_view digits);  // [0-9]+
  static BigInt power_of_ten(int exponent);            // exponent >= 0

  bool is_zero() const { return limbs_.empty(); }
  bool is_negative() const { return is_negative_; }
  BigInt operator-() const;
  BigInt operator+(const BigInt& other) const;
  BigInt operator-(const BigInt& other) const { return *this + -other; }
  BigInt operator*(const BigInt& other) const;
  bool operator==(const BigInt& other) const = default;

 private:
  void trim();

  std::vector<uint32_t> limbs_;  // least significant first, no leading zeros; empty is 0
  bool is_negative_ = false;     // never for 0
};

// num / den, den not zero, not reduced.
struct Rational {
  BigInt num;
  BigInt den = 1;
};
Rational operator+(const Rational& a, const Rational& b);
Rational operator-(const Rational& a, const Rational& b);
Rational operator*(const Rational& a, const Rational& b);
Rational operator/(const Rational& a, const Rational& b);  // b not zero
bool operator==(const Rational& a, const Rational& b);     // equal values: 1/2 == 2/4

}  // namespace lockstep::rewards
