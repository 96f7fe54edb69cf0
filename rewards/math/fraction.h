// SPDX-License-Identifier: Apache-2.0
// Exact rational numbers in lowest terms.
#pragma once

#include <compare>
#include <optional>

#include "rewards/math/integer.h"

namespace lockstep::rewards::math {

class Fraction {
 public:
  Fraction(Integer numerator = 0) : num_(std::move(numerator)) {}  // NOLINT: integers convert
  Fraction(int64_t numerator) : num_(numerator) {}                 // NOLINT: integers convert
  Fraction(Integer numerator, Integer denominator);                // denominator != 0

  const Integer& num() const { return num_; }
  const Integer& den() const { return den_; }  // > 0
  bool is_zero() const { return num_.is_zero(); }
  bool is_integer() const { return den_ == Integer(1); }
  size_t bits() const { return num_.bits() > den_.bits() ? num_.bits() : den_.bits(); }  // the larger of both

  Fraction operator-() const;
  friend Fraction operator+(const Fraction& a, const Fraction& b);
  friend Fraction operator-(const Fraction& a, const Fraction& b);
  friend Fraction operator*(const Fraction& a, const Fraction& b);
  friend Fraction operator/(const Fraction& a, const Fraction& b);  // b != 0
  bool operator==(const Fraction& other) const = default;
  std::strong_ordering operator<=>(const Fraction& other) const { return num_ * other.den_ <=> other.num_ * den_; }

 private:
  friend Fraction power(const Fraction& base, int64_t exponent);

  Integer num_ = 0;
  Integer den_ = 1;
};

Fraction absolute(const Fraction& value);
Integer floor(const Fraction& value);
// base^exponent; base != 0 when the exponent is negative. The caller bounds bits * |exponent|.
Fraction power(const Fraction& base, int64_t exponent);
// The exact root, when there is one among the rationals; value >= 0.
std::optional<Fraction> exact_root(const Fraction& value, uint32_t index);

}  // namespace lockstep::rewards::math
