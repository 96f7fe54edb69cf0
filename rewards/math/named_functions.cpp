// SPDX-License-Identifier: Apache-2.0
// The functions that answers name, reduced to exp, log, sqrt, sine, cosine and arc tangent.
#include <string_view>

#include "rewards/math/complex_ball.h"

namespace lockstep::rewards::math {
namespace {

Ball one() { return Ball::from_integer(1); }
Ball quarter_turn() { return scaled(pi(), -1); }

MaybeBall reciprocal(const MaybeBall& a) { return a ? divide(one(), *a) : std::nullopt; }
MaybeBall difference(const Ball& a, const MaybeBall& b) { return b ? MaybeBall(a - *b) : std::nullopt; }

bool is_exactly_one(const Ball& a) { return a.rad.is_zero() && (a - one()).mid.is_zero(); }

MaybeBall arc_sine(const Ball& x) {
  if (is_exactly_one(x)) return quarter_turn();
  if (is_exactly_one(-x)) return -quarter_turn();
  const Ball rest = one() - x * x;
  if (!rest.is_positive()) return std::nullopt;
  const MaybeBall root = sqrt(rest), ratio = root ? divide(x, *root) : std::nullopt;
  return ratio ? atan(*ratio) : std::nullopt;
}

MaybeBall circular(std::string_view name, const Ball& x) {
  const auto value = sin_cos(x);
  if (!value) return std::nullopt;
  if (name == "sin") return value->sin;
  if (name == "cos") return value->cos;
  if (name == "tan") return divide(value->sin, value->cos);
  if (name == "cot") return divide(value->cos, value->sin);
  if (name == "sec") return reciprocal(value->cos);
  return reciprocal(value->sin);
}

// arccot takes values in (0, pi), as schools teach it.
MaybeBall inverse_circular(std::string_view name, const Ball& x) {
  if (name == "asin") return arc_sine(x);
  if (name == "acos") return difference(quarter_turn(), arc_sine(x));
  if (name == "atan") return atan(x);
  if (name == "acot") return difference(quarter_turn(), atan(x));
  const MaybeBall inverse = divide(one(), x);
  if (!inverse) return std::nullopt;
  return name == "asec" ? difference(quarter_turn(), arc_sine(*inverse)) : arc_sine(*inverse);
}

MaybeBall hyperbolic(std::string_view name, const Ball& x) {
  const MaybeBall up = exp(x), down = exp(-x);
  if (!up || !down) return std::nullopt;
  const Ball sine = scaled(*up - *down, -1), cosine = scaled(*up + *down, -1);
  if (name == "sinh") return sine;
  if (name == "cosh") return cosine;
  if (name == "tanh") return divide(sine, cosine);
  if (name == "coth") return divide(cosine, sine);
  return name == "sech" ? reciprocal(cosine) : reciprocal(sine);
}

MaybeBall inverse_hyperbolic(std::string_view name, const Ball& x) {
  if (name == "atanh") {
    const MaybeBall ratio = divide(one() + x, one() - x), value = ratio ? log(*ratio) : std::nullopt;
    return value ? MaybeBall(scaled(*value, -1)) : std::nullopt;
  }
  const MaybeBall root = sqrt(name == "asinh" ? x * x + one() : x * x - one());
  return root ? log(x + *root) : std::nullopt;
}

bool is_any(std::string_view name, std::initializer_list<std::string_view> of) {
  for (std::string_view one_name : of) {
    if (name == one_name) return true;
  }
  return false;
}

MaybeBall of_real(std::string_view name, const Ball& x) {
  if (is_any(name, {"sin", "cos", "tan", "cot", "sec", "csc"})) return circular(name, x);
  if (is_any(name, {"asin", "acos", "atan", "acot", "asec", "acsc"})) return inverse_circular(name, x);
  if (is_any(name, {"sinh", "cosh", "tanh", "coth", "sech", "csch"})) return hyperbolic(name, x);
  if (is_any(name, {"asinh", "acosh", "atanh"})) return inverse_hyperbolic(name, x);
  return std::nullopt;
}

}  // namespace

MaybeComplex named_function(std::string_view name, const ComplexBall& a) {
  if (name == "exp") return exp(a);
  if (name == "ln") return log(a);
  if (name == "cis") return exp(ComplexBall{-a.im, a.re});
  if (name == "abs") {
    const MaybeBall size = absolute(a);
    return size ? MaybeComplex({*size, {}}) : std::nullopt;
  }
  if (a.is_real()) {
    const MaybeBall value = of_real(name, a.re);
    return value ? MaybeComplex({*value, {}}) : std::nullopt;
  }
  // sin z = (e^iz - e^-iz) / 2i and cos z = (e^iz + e^-iz) / 2
  if (name != "sin" && name != "cos") return std::nullopt;
  const MaybeComplex up = exp(ComplexBall{-a.im, a.re}), down = exp(ComplexBall{a.im, -a.re});
  if (!up || !down) return std::nullopt;
  const ComplexBall sum = name == "cos" ? *up + *down : *up - *down;
  if (name == "cos") return ComplexBall{scaled(sum.re, -1), scaled(sum.im, -1)};
  return ComplexBall{scaled(sum.im, -1), scaled(-sum.re, -1)};
}

}  // namespace lockstep::rewards::math
