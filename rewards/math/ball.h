// SPDX-License-Identifier: Apache-2.0
// Certified real arithmetic: a midpoint of 256 bits and a radius that bounds every error made on the way.
#pragma once

#include <optional>

#include "rewards/math/float256.h"
#include "rewards/math/fraction.h"

namespace lockstep::rewards::math {

// An upper bound m * 2^e, m in [0.5, 1) or 0. Operations round up.
struct Radius {
  double m = 0;
  int64_t e = 0;
  static Radius of(double m, int64_t e);
  bool is_zero() const { return m == 0; }
};
Radius operator+(const Radius& a, const Radius& b);
Radius operator*(const Radius& a, const Radius& b);
bool operator<(const Radius& a, const Radius& b);
Radius magnitude(const Float256& value);  // >= |value|

// All real numbers x with |x - mid| <= rad. The result of an operation contains every result of its members. Operations
// that are undefined somewhere in their operands (division by a ball around 0, log of a negative number), or that leave
// the range of exponents, give nothing.
struct Ball {
  Float256 mid;
  Radius rad;

  static Ball from_fraction(const Fraction& value);
  static Ball from_integer(const Integer& value);
  bool contains_zero() const;
  bool is_positive() const { return !contains_zero() && !mid.is_negative; }
  bool is_negative() const { return !contains_zero() && mid.is_negative; }
  bool is_exact_zero() const { return mid.is_zero() && rad.is_zero(); }
  Ball operator-() const { return {-mid, rad}; }
};
using MaybeBall = std::optional<Ball>;

Ball operator+(const Ball& a, const Ball& b);
Ball operator-(const Ball& a, const Ball& b);
Ball operator*(const Ball& a, const Ball& b);
MaybeBall divide(const Ball& a, const Ball& b);
Ball divide(const Ball& a, uint64_t b);  // b != 0
Ball scaled(const Ball& a, int64_t power_of_two);
Ball widened(const Ball& a, const Radius& by);
Radius upper_bound(const Ball& a);  // >= |x| for every x of the ball
Ball absolute(const Ball& a);

MaybeBall sqrt(const Ball& a);  // of non-negative balls; one that touches 0 is cut there
MaybeBall exp(const Ball& a);
MaybeBall log(const Ball& a);  // positive balls
MaybeBall atan(const Ball& a);
struct SinCos {
  Ball sin, cos;
};
std::optional<SinCos> sin_cos(const Ball& a);
Ball pi();
Ball log_2();

}  // namespace lockstep::rewards::math
