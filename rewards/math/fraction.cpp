// SPDX-License-Identifier: Apache-2.0
// Rational arithmetic on top of Integer: every result is reduced, so that equality is equality of parts.
#include "rewards/math/fraction.h"

#include "base/error.h"

namespace lockstep::rewards::math {

Fraction::Fraction(Integer numerator, Integer denominator) : num_(std::move(numerator)), den_(std::move(denominator)) {
  LOCKSTEP_CHECK(!den_.is_zero(), "denominator of zero");
  if (den_.is_negative()) {
    num_ = -num_;
    den_ = -den_;
  }
  const Integer common = gcd(num_, den_);
  if (common == Integer(1)) return;
  num_ = Integer::divide(num_, common).quotient;
  den_ = Integer::divide(den_, common).quotient;
}

Fraction Fraction::operator-() const {
  Fraction result = *this;
  result.num_ = -num_;
  return result;
}

Fraction operator+(const Fraction& a, const Fraction& b) {
  if (a.is_integer() && b.is_integer()) return a.num_ + b.num_;
  return {a.num_ * b.den_ + b.num_ * a.den_, a.den_ * b.den_};
}
Fraction operator-(const Fraction& a, const Fraction& b) { return a + -b; }
Fraction operator*(const Fraction& a, const Fraction& b) {
  if (a.is_integer() && b.is_integer()) return a.num_ * b.num_;
  return {a.num_ * b.num_, a.den_ * b.den_};
}
Fraction operator/(const Fraction& a, const Fraction& b) { return {a.num_ * b.den_, a.den_ * b.num_}; }

Fraction absolute(const Fraction& value) { return value.num().is_negative() ? -value : value; }

Integer floor(const Fraction& value) {
  const Integer::Division parts = Integer::divide(value.num(), value.den());
  return parts.remainder.is_negative() ? parts.quotient - Integer(1) : parts.quotient;
}

Fraction power(const Fraction& base, int64_t exponent) {
  const uint64_t size = exponent < 0 ? 0 - static_cast<uint64_t>(exponent) : static_cast<uint64_t>(exponent);
  // Powers of numbers without a common divisor have none.
  Fraction result;
  result.num_ = power(base.num(), size);
  result.den_ = power(base.den(), size);
  if (exponent >= 0) return result;
  std::swap(result.num_, result.den_);
  if (!result.den_.is_negative()) return result;
  result.num_ = -result.num_;
  result.den_ = -result.den_;
  return result;
}

std::optional<Fraction> exact_root(const Fraction& value, uint32_t index) {
  const Integer num = root_floor(value.num(), index), den = root_floor(value.den(), index);
  if (power(num, index) != value.num() || power(den, index) != value.den()) return std::nullopt;
  return Fraction(num, den);
}

}  // namespace lockstep::rewards::math
