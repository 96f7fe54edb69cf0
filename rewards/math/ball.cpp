// SPDX-License-Identifier: Apache-2.0
// Ring operations, division and square root of balls.
#include "rewards/math/ball.h"

#include <algorithm>
#include <cmath>

namespace lockstep::rewards::math {
namespace {

// Covers the rounding of the double operations on radii.
constexpr double kRoundUp = 1 + 0x1p-40;

// One unit in the last place of a truncated result.
Radius unit_of(const Float256& value) {
  return value.is_zero() ? Radius{} : Radius{0.5, value.exponent - Float256::kBits + 1};
}

bool is_in_range(const Ball& a) {
  return (a.mid.is_zero() || std::abs(a.mid.exponent) < Float256::kMaxExponent) &&
         (a.rad.is_zero() || std::abs(a.rad.e) < Float256::kMaxExponent);
}

}  // namespace

Radius Radius::of(double m, int64_t e) {
  if (m == 0) return {};
  int shift = 0;
  const double fraction = std::frexp(m * kRoundUp, &shift);
  return {fraction, e + shift};
}

Radius operator+(const Radius& a, const Radius& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const Radius &large = a.e >= b.e ? a : b, &small = a.e >= b.e ? b : a;
  const int64_t shift = std::min<int64_t>(large.e - small.e, 60);
  return Radius::of(large.m + std::ldexp(small.m, -static_cast<int>(shift)), large.e);
}

Radius operator*(const Radius& a, const Radius& b) { return Radius::of(a.m * b.m, a.e + b.e); }

bool operator<(const Radius& a, const Radius& b) {
  if (a.is_zero() || b.is_zero()) return a.m < b.m;
  return a.e != b.e ? a.e < b.e : a.m < b.m;
}

Radius magnitude(const Float256& value) {
  if (value.is_zero()) return {};
  return Radius::of(std::ldexp(static_cast<double>(value.mantissa[Float256::kLimbs - 1]), -64), value.exponent);
}

Ball Ball::from_integer(const Integer& value) {
  const Float256 mid = Float256::from_integer(value);
  return {mid, value.bits() > Float256::kBits ? unit_of(mid) : Radius{}};
}

Ball Ball::from_fraction(const Fraction& value) {
  const Ball num = from_integer(value.num());
  if (value.is_integer()) return num;
  if (const auto den = value.den().to_int64()) return divide(num, static_cast<uint64_t>(*den));
  return *divide(num, from_integer(value.den()));
}

bool Ball::contains_zero() const {
  if (mid.is_zero()) return true;
  // The midpoint's lower bound: its top limb, truncated.
  const double top = std::ldexp(static_cast<double>(mid.mantissa[Float256::kLimbs - 1] >> 11), -53);
  return !(rad < Radius{top, mid.exponent});
}

Ball operator+(const Ball& a, const Ball& b) {
  const Float256 mid = add(a.mid, b.mid);
  // The truncated bits lie below the larger operand's last place.
  const Float256& large = a.mid.is_zero() || (!b.mid.is_zero() && b.mid.exponent > a.mid.exponent) ? b.mid : a.mid;
  const Radius error = a.mid.is_zero() || b.mid.is_zero() ? Radius{} : unit_of(scaled(large, 1));
  return {mid, a.rad + b.rad + error};
}

Ball operator-(const Ball& a, const Ball& b) { return a + -b; }

Ball operator*(const Ball& a, const Ball& b) {
  const Float256 mid = multiply(a.mid, b.mid);
  if (a.rad.is_zero() && b.rad.is_zero()) return {mid, unit_of(mid)};
  return {mid, magnitude(a.mid) * b.rad + magnitude(b.mid) * a.rad + a.rad * b.rad + unit_of(mid)};
}

MaybeBall divide(const Ball& a, const Ball& b) {
  if (b.contains_zero() || !is_in_range(a) || !is_in_range(b)) return std::nullopt;
  const Float256 mid = divide(a.mid, b.mid);
  // |a/b - m| <= (rad a + |m| rad b) / (|mid b| - rad b) + unit; the denominator is bounded below by half of |mid b|
  // unless b is nearly as wide as it is far from 0.
  const Radius half = Radius::of(0.5 * std::ldexp(static_cast<double>(b.mid.mantissa[3] >> 11), -53), b.mid.exponent);
  if (!(b.rad < half)) return std::nullopt;
  const Radius numerator = a.rad + magnitude(mid) * b.rad;
  return Ball{mid, Radius::of(numerator.m / half.m, numerator.e - half.e) + unit_of(mid)};
}

Ball divide(const Ball& a, uint64_t b) {
  const Float256 mid = divide(a.mid, b);
  return {mid, Radius::of(a.rad.m / static_cast<double>(b), a.rad.e) + unit_of(mid)};
}

Ball scaled(const Ball& a, int64_t power_of_two) {
  return {scaled(a.mid, power_of_two), a.rad.is_zero() ? Radius{} : Radius{a.rad.m, a.rad.e + power_of_two}};
}

Ball widened(const Ball& a, const Radius& by) { return {a.mid, a.rad + by}; }

Radius upper_bound(const Ball& a) { return magnitude(a.mid) + a.rad; }

Ball absolute(const Ball& a) {
  if (!a.contains_zero()) return a.mid.is_negative ? -a : a;
  const Radius bound = upper_bound(a);
  return {{}, bound};
}

MaybeBall sqrt(const Ball& a) {
  if (a.is_exact_zero()) return a;
  if (!is_in_range(a)) return std::nullopt;
  if (a.contains_zero()) {
    const Radius bound = upper_bound(a);  // |sqrt x| <= sqrt(bound)
    const int64_t half = (bound.e + (bound.e & 1)) / 2;
    return Ball{{}, Radius::of(std::sqrt(std::ldexp(bound.m, static_cast<int>(bound.e - 2 * half))), half)};
  }
  if (a.mid.is_negative) return std::nullopt;
  const int64_t half = (a.mid.exponent - (a.mid.exponent & 1)) / 2;
  const Float256 x = scaled(a.mid, -2 * half);  // in [1/2, 2)
  Float256 y = Float256::from_double(std::sqrt(x.to_double()));
  for (int step = 0; step < 3; ++step) y = scaled(add(y, divide(x, y)), -1);
  // Newton proves nothing by itself: |sqrt x - y| = |x - y^2| / (sqrt x + y) <= |x - y^2| * 1.5 for x >= 1/2.
  const Ball residue = Ball{x, {}} - Ball{y, {}} * Ball{y, {}};
  const Radius error = upper_bound(residue) * Radius::of(1.5, 0);
  // The radius of a: |sqrt(x + r) - sqrt x| <= r / sqrt x <= 1.5 r, as the whole ball is positive.
  const Ball root = {y, error + Radius::of(a.rad.m * 1.5, a.rad.e - 2 * half)};
  return scaled(root, half);
}

}  // namespace lockstep::rewards::math
