// SPDX-License-Identifier: Apache-2.0
// The domain of complex balls.
#include "rewards/math/numeric.h"

#include <cmath>

#include "rewards/math/modular.h"

namespace lockstep::rewards::math {
namespace {

class NumericDomain {
 public:
  using Value = ComplexBall;
  using Maybe = MaybeComplex;
  static constexpr int64_t kCost = 10;
  static constexpr bool kIsExact = false;
  static constexpr bool kHasUnknowns = false;
  // A series of some thirty terms; of complex arguments several.
  static constexpr int64_t kFunctionCost = 1000, kComplexCost = 3500;
  static constexpr int64_t kMaxExponent = 100'000;

  NumericDomain(const Context& context, const SamplePoint& point) : context_(context), point_(point) {}

  Maybe number(const Fraction& value) {
    const int64_t cost = value.is_integer() ? 2 : value.den().bits() < 64 ? 20 : kDivision;
    return context_.budget.spend(cost) ? Maybe(ComplexBall{Ball::from_fraction(value), {}}) : std::nullopt;
  }

  Maybe constant(const std::string& name) {
    if (name == "pi") return ComplexBall{pi(), {}};
    if (name == "i") return ComplexBall{{}, Ball::from_integer(1)};
    if (name != "e") return std::nullopt;
    return context_.budget.spend(kFunctionCost) ? exp(ComplexBall{Ball::from_integer(1), {}}) : std::nullopt;
  }

  Maybe symbol(const std::string& name) {
    if (point_.fixed) return number(*point_.fixed);
    const uint64_t hash = hash_name(name, point_.seed);
    const auto part = [&](uint64_t count) { return static_cast<int64_t>(hash % count); };
    switch (point_.range) {
      case SamplePoint::Class::small:
        return number(Fraction(1 + part(996), 997));
      case SamplePoint::Class::medium:
        return number(Fraction(1000 + part(5000), 997));
      case SamplePoint::Class::negative:
        return number(Fraction(-1 - part(4000), 997));
      case SamplePoint::Class::mixed:
        return number(Fraction((hash >> 63) != 0 ? 1 + part(7000) : -1 - part(7000), 997));
      case SamplePoint::Class::integer:
        return number(1 + part(97));
    }
    return std::nullopt;
  }

  // Arguments are known up to a tiny radius; equal ones round to the same bits.
  Maybe call(const std::string& name, const std::vector<ComplexBall>& arguments) {
    uint64_t hash = hash_name(name, point_.seed);
    for (const ComplexBall& argument : arguments) {
      for (const Ball& part : {argument.re, argument.im}) {
        if (Radius{0.5, -100} < part.rad) return std::nullopt;
        const double scaled = part.mid.to_double() * 0x1p24;
        if (std::fabs(scaled) > 0x1p60) return std::nullopt;
        hash = mix(hash, static_cast<uint64_t>(std::llround(scaled)));
      }
    }
    return number(Fraction(static_cast<int64_t>(500 + hash % 3000), 997));
  }

  Maybe add(const ComplexBall& a, const ComplexBall& b) { return a + b; }
  Maybe multiply(const ComplexBall& a, const ComplexBall& b) {
    return context_.budget.spend(product_cost(a, b)) ? bounded(a * b) : std::nullopt;
  }
  Maybe divide(const ComplexBall& a, const ComplexBall& b) {
    const int64_t cost = a.is_real() && b.is_real() ? kDivision : 2 * kDivision + 2 * product_cost(a, b);
    return context_.budget.spend(cost) ? math::divide(a, b) : std::nullopt;
  }

  Maybe integer_power(const ComplexBall& base, const Integer& exponent) {
    const auto small = exponent.to_int64();
    if (!small) return std::nullopt;
    if (*small == 0) return base.re.contains_zero() && base.im.contains_zero() ? std::nullopt : number(1);
    if (std::abs(*small) > kMaxExponent) return power(base, *number(exponent));
    const int64_t products = 2 * static_cast<int64_t>(exponent.bits());
    const bool is_paid = context_.budget.spend(3 * kDivision + products * product_cost(base, base));
    return is_paid ? bounded(math::integer_power(base, *small)) : std::nullopt;
  }

  Maybe power(const ComplexBall& base, const ComplexBall& exponent) {
    const bool is_paid = context_.budget.spend(logarithm_cost(base, exponent));
    return is_paid ? bounded(math::power(base, exponent)) : std::nullopt;
  }
  Maybe root(const ComplexBall& a, uint32_t index) {
    const int64_t cost = index == 2 && a.is_real() ? 5 * kDivision : logarithm_cost(a, a);
    return context_.budget.spend(cost) ? math::root(a, index) : std::nullopt;
  }

  Maybe function(const std::string& name, const std::vector<ComplexBall>& a) {
    for (const ComplexBall& x : a) {
      if (!context_.budget.spend(x.is_real() ? kFunctionCost : kComplexCost)) return std::nullopt;
    }
    if (name == "log" && a.size() == 2) {
      const Maybe above = log(a[0]), below = above ? log(a[1]) : std::nullopt;
      return below ? math::divide(*above, *below) : std::nullopt;
    }
    if ((name == "floor" || name == "ceil") && a[0].is_real()) {
      if (const auto whole = rounded_down(name == "floor" ? a[0].re : -a[0].re))
        return number(name == "floor" ? *whole : -*whole);
    }
    if (name == "floor" || name == "ceil" || name == "max" || name == "min" || name == "gcd" || name == "lcm" ||
        name == "mod") {
      return call(name, a);
    }
    return a.size() == 1 ? bounded(named_function(name, a[0])) : std::nullopt;
  }

 private:
  static constexpr int64_t kProduct = 12, kDivision = 20;
  static int64_t logarithm_cost(const ComplexBall& a, const ComplexBall& b) {
    return a.is_real() && !a.re.is_negative() && b.is_real() ? 2 * kFunctionCost : kComplexCost;
  }
  static int64_t product_cost(const ComplexBall& a, const ComplexBall& b) {
    return a.is_real() && b.is_real() ? kProduct : 5 * kProduct;
  }

  // The floor that all numbers of the ball share, if they do.
  static std::optional<int64_t> rounded_down(const Ball& a) {
    const double middle = a.mid.to_double();
    if (std::fabs(middle) > 0x1p50) return std::nullopt;
    const int64_t whole = static_cast<int64_t>(std::floor(middle));
    const Ball rest = a - Ball::from_integer(whole);
    const bool is_inside = rest.is_positive() && (Ball::from_integer(1) - rest).is_positive();
    return is_inside || rest.is_exact_zero() ? std::optional(whole) : std::nullopt;
  }

  // Exponents beyond the range of Float256 would wrap.
  static bool is_in_range(const Ball& a) {
    return (a.mid.is_zero() || std::abs(a.mid.exponent) < Float256::kMaxExponent) &&
           (a.rad.is_zero() || std::abs(a.rad.e) < Float256::kMaxExponent);
  }
  static Maybe bounded(const Maybe& value) {
    return value && is_in_range(value->re) && is_in_range(value->im) ? value : std::nullopt;
  }

  const Context& context_;
  const SamplePoint& point_;
};

}  // namespace

MaybeComplex numeric_value(const Term& term, const Context& context, const SamplePoint& point) {
  NumericDomain domain(context, point);
  Evaluator<NumericDomain> evaluator(domain, context, term.sign);
  evaluator.bind(point.integers);
  return evaluator.value(*term.expression, term.id);
}

}  // namespace lockstep::rewards::math
