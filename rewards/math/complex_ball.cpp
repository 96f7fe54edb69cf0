// SPDX-License-Identifier: Apache-2.0
// Complex functions, from the real ones.
#include "rewards/math/complex_ball.h"

#include <string_view>

namespace lockstep::rewards::math {
namespace {

const Ball kZero = {};

ComplexBall real(const Ball& value) { return {value, kZero}; }
MaybeComplex real(const MaybeBall& value) { return value ? MaybeComplex(real(*value)) : std::nullopt; }
Ball integer(int64_t value) { return Ball::from_integer(value); }

// The angle of a in (-pi, pi]. Nothing on the branch cut's two sides at once.
MaybeBall argument(const ComplexBall& a) {
  if (a.is_real() && !a.re.contains_zero()) return a.re.is_positive() ? kZero : pi();
  if (!a.re.contains_zero()) {
    const MaybeBall ratio = divide(a.im, a.re), angle = ratio ? atan(*ratio) : std::nullopt;
    if (!angle || a.re.is_positive()) return angle;
    if (a.im.contains_zero()) return std::nullopt;
    return a.im.is_positive() ? *angle + pi() : *angle - pi();
  }
  if (a.im.contains_zero()) return std::nullopt;
  const MaybeBall ratio = divide(a.re, a.im), angle = ratio ? atan(*ratio) : std::nullopt;
  if (!angle) return std::nullopt;
  const Ball quarter = scaled(pi(), -1);
  return (a.im.is_positive() ? quarter : -quarter) - *angle;
}

}  // namespace

ComplexBall operator+(const ComplexBall& a, const ComplexBall& b) { return {a.re + b.re, a.im + b.im}; }
ComplexBall operator-(const ComplexBall& a, const ComplexBall& b) { return {a.re - b.re, a.im - b.im}; }
ComplexBall operator*(const ComplexBall& a, const ComplexBall& b) {
  if (a.is_real() && b.is_real()) return real(a.re * b.re);
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

MaybeComplex divide(const ComplexBall& a, const ComplexBall& b) {
  if (a.is_real() && b.is_real()) return real(divide(a.re, b.re));
  const ComplexBall numerator = a * ComplexBall{b.re, -b.im};
  const Ball norm = b.re * b.re + b.im * b.im;
  const MaybeBall re = divide(numerator.re, norm), im = re ? divide(numerator.im, norm) : std::nullopt;
  return im ? MaybeComplex({*re, *im}) : std::nullopt;
}

MaybeBall absolute(const ComplexBall& a) {
  if (a.is_real()) return absolute(a.re);
  return sqrt(a.re * a.re + a.im * a.im);
}

MaybeComplex exp(const ComplexBall& a) {
  const MaybeBall size = exp(a.re);
  if (!size || a.is_real()) return real(size);
  const auto angle = sin_cos(a.im);
  return angle ? MaybeComplex({*size * angle->cos, *size * angle->sin}) : std::nullopt;
}

MaybeComplex log(const ComplexBall& a) {
  const MaybeBall size = absolute(a), re = size ? log(*size) : std::nullopt, im = re ? argument(a) : std::nullopt;
  return im ? MaybeComplex({*re, *im}) : std::nullopt;
}

MaybeComplex sqrt(const ComplexBall& a) {
  if (a.is_real()) {
    if (a.re.is_negative()) {
      const MaybeBall im = sqrt(-a.re);
      return im ? MaybeComplex({kZero, *im}) : std::nullopt;
    }
    const MaybeBall re = sqrt(a.re);
    // A ball around 0 may hold negative numbers, whose roots are imaginary.
    if (re && a.re.contains_zero() && !a.re.is_exact_zero()) return ComplexBall{*re, *re};
    return real(re);
  }
  const MaybeComplex logarithm = log(a);
  return logarithm ? exp(*logarithm * real(scaled(integer(1), -1))) : std::nullopt;
}

MaybeComplex root(const ComplexBall& a, uint32_t index) {
  if (index == 1 || (a.re.is_exact_zero() && a.is_real())) return a;
  if (index == 2) return sqrt(a);
  const bool is_mirrored = index % 2 == 1 && a.is_real() && a.re.is_negative();
  const MaybeComplex logarithm = log(is_mirrored ? real(-a.re) : a);
  if (!logarithm) return std::nullopt;
  const MaybeComplex value = exp(ComplexBall{divide(logarithm->re, index), divide(logarithm->im, index)});
  return value && is_mirrored ? real(-value->re) : value;
}

MaybeComplex integer_power(const ComplexBall& base, int64_t exponent) {
  if (exponent < 0) {
    const MaybeComplex inverse = divide(real(integer(1)), base);
    return inverse ? integer_power(*inverse, -exponent) : std::nullopt;
  }
  ComplexBall result = real(integer(1)), square = base;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = result * square;
    if (exponent > 1) square = square * square;
  }
  return result;
}

MaybeComplex power(const ComplexBall& base, const ComplexBall& exponent) {
  if (base.is_real() && base.re.is_exact_zero()) {
    return exponent.is_real() && exponent.re.is_positive() ? MaybeComplex(base) : std::nullopt;
  }
  const MaybeComplex logarithm = log(base);
  return logarithm ? exp(*logarithm * exponent) : std::nullopt;
}

}  // namespace lockstep::rewards::math
