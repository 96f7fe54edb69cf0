// SPDX-License-Identifier: Apache-2.0
// Certified complex arithmetic: a ball for the real and one for the imaginary part.
#pragma once

#include <optional>

#include "rewards/math/ball.h"

namespace lockstep::rewards::math {

struct ComplexBall {
  Ball re, im;
  bool is_real() const { return im.is_exact_zero(); }
};
using MaybeComplex = std::optional<ComplexBall>;

ComplexBall operator+(const ComplexBall& a, const ComplexBall& b);
ComplexBall operator-(const ComplexBall& a, const ComplexBall& b);
ComplexBall operator*(const ComplexBall& a, const ComplexBall& b);
MaybeComplex divide(const ComplexBall& a, const ComplexBall& b);

MaybeBall absolute(const ComplexBall& a);
MaybeComplex exp(const ComplexBall& a);
MaybeComplex log(const ComplexBall& a);   // principal: imaginary part in (-pi, pi]
MaybeComplex sqrt(const ComplexBall& a);  // principal
// Of a real number with an odd index the real root, as schools teach it; otherwise the principal one.
MaybeComplex root(const ComplexBall& a, uint32_t index);
MaybeComplex integer_power(const ComplexBall& base, int64_t exponent);
MaybeComplex power(const ComplexBall& base, const ComplexBall& exponent);

// sin, cos, ..., asin, ..., sinh, ..., asinh, ... of a real argument, and sin, cos, sinh, cosh of a complex one.
MaybeComplex named_function(std::string_view name, const ComplexBall& a);

}  // namespace lockstep::rewards::math
