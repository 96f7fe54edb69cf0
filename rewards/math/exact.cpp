// SPDX-License-Identifier: Apache-2.0
// The domain of exact rationals.
#include <algorithm>
#include <bit>

#include "rewards/math/evaluator.h"

namespace lockstep::rewards::math {
namespace {

class ExactDomain {
 public:
  using Value = Fraction;
  using Maybe = std::optional<Fraction>;
  static constexpr int64_t kCost = 8;
  static constexpr bool kIsExact = true;
  static constexpr bool kHasUnknowns = false;

  explicit ExactDomain(const Context& context) : context_(context) {}

  Maybe number(const Fraction& value) {
    return context_.budget.spend(static_cast<int64_t>(value.bits()) / 512) ? Maybe(value) : std::nullopt;
  }
  Maybe constant(const std::string&) { return std::nullopt; }
  Maybe symbol(const std::string&) { return std::nullopt; }
  Maybe call(const std::string&, const std::vector<Fraction>&) { return std::nullopt; }
  Maybe power(const Fraction&, const Fraction&) { return std::nullopt; }
  Maybe add(const Fraction& a, const Fraction& b) { return pays(context_, a, b) ? bounded(a + b) : std::nullopt; }
  Maybe multiply(const Fraction& a, const Fraction& b) { return pays(context_, a, b) ? bounded(a * b) : std::nullopt; }
  Maybe divide(const Fraction& a, const Fraction& b) {
    return !b.is_zero() && pays(context_, a, b) ? bounded(a / b) : std::nullopt;
  }

  Maybe integer_power(const Fraction& base, const Integer& exponent) {
    if (base.is_zero()) return exponent.is_negative() || exponent.is_zero() ? std::nullopt : Maybe(0);
    if (absolute(base) == Fraction(1)) return base.num().is_negative() && exponent.is_odd() ? -1 : 1;
    const auto small = exponent.to_int64();
    const auto limit = static_cast<int64_t>(context_.limits.max_bits);
    if (!small || std::abs(*small) > limit || std::abs(*small) * static_cast<int64_t>(base.bits() - 1) > limit) {
      return std::nullopt;
    }
    // A few products for every bit of the exponent, the last ones of full length.
    const int64_t limbs = std::abs(*small) * static_cast<int64_t>(base.bits()) / 32;
    const int64_t products = 2 * static_cast<int64_t>(exponent.bits());
    const bool is_paid = context_.budget.spend(num_parts(base) * (kProduct * products + limbs * limbs / 24));
    return is_paid ? bounded(math::power(base, *small)) : std::nullopt;
  }

  Maybe root(const Fraction& value, uint32_t index) {
    if (value.bits() > kMaxRootBits || index > kMaxRootBits) return std::nullopt;
    // Bisection: each bit of the root costs a power.
    const int64_t halvings = static_cast<int64_t>(value.bits()) / index + 2;
    const int64_t products = 2 * std::bit_width(index);
    if (!context_.budget.spend(num_parts(value) * halvings * kProduct * (5 + products))) return std::nullopt;
    if (!value.num().is_negative()) return exact_root(value, index);
    const Maybe positive = index % 2 == 1 ? exact_root(-value, index) : std::nullopt;
    return positive ? Maybe(-*positive) : std::nullopt;
  }

  Maybe function(const std::string& name, const std::vector<Fraction>& a) {
    if (name == "abs" && a.size() == 1) return absolute(a[0]);
    for (const Fraction& x : a) {
      if (!pays(context_, x, a[0])) return std::nullopt;
    }
    if (name == "floor" && a.size() == 1) return Fraction(floor(a[0]));
    if (name == "ceil" && a.size() == 1) return Fraction(-floor(-a[0]));
    if (name == "max") return *std::max_element(a.begin(), a.end());
    if (name == "min") return *std::min_element(a.begin(), a.end());
    const bool is_all_integer = std::all_of(a.begin(), a.end(), [](const Fraction& x) { return x.is_integer(); });
    if (!is_all_integer || a.size() < 2) return std::nullopt;
    if (name == "gcd" || name == "lcm") return divisors(name, a);
    if (name == "mod" && a.size() == 2 && !a[1].is_zero()) return a[0] - Fraction(floor(a[0] / a[1])) * a[1];
    if (name == "binom" && a.size() == 2) return binomial(a[0].num(), a[1].num());
    return std::nullopt;
  }

 private:
  static constexpr size_t kMaxRootBits = 256;

  static constexpr int64_t kProduct = 6;  // of small integers: memory for the result
  static int64_t num_parts(const Fraction& value) { return value.is_integer() ? 1 : 2; }

  Maybe bounded(Fraction value) {
    return value.bits() <= context_.limits.max_bits ? Maybe(std::move(value)) : std::nullopt;
  }

  Maybe divisors(const std::string& name, const std::vector<Fraction>& a) {
    Integer result = absolute(a[0].num());
    for (size_t i = 1; i < a.size(); ++i) {
      if (!pays_gcd(context_, result, a[i].num())) return std::nullopt;
      const Integer common = gcd(result, a[i].num());
      if (name == "gcd") {
        result = common;
      } else {
        result = common.is_zero() ? Integer(0) : Integer::divide(absolute(result * a[i].num()), common).quotient;
      }
      if (result.bits() > context_.limits.max_bits) return std::nullopt;
    }
    return Fraction(result);
  }

  Maybe binomial(const Integer& n, const Integer& k) {
    const auto rows = n.to_int64(), column = k.to_int64();
    if (!rows || !column || *rows < 0) return std::nullopt;
    if (*column < 0 || *column > *rows) return Fraction(0);
    const int64_t steps = std::min(*column, *rows - *column);
    if (steps > context_.limits.max_terms) return std::nullopt;
    constexpr int64_t kBinomialStep = 60;  // a product and a quotient of a number near max_bits
    Integer result = 1;
    for (int64_t i = 0; i < steps; ++i) {
      if (result.bits() > context_.limits.max_bits || !context_.budget.spend(kBinomialStep)) {
        return std::nullopt;
      }
      result = Integer::divide(result * Integer(*rows - i), Integer(i + 1)).quotient;
    }
    return bounded(Fraction(result));
  }

  const Context& context_;
};

}  // namespace

bool pays(const Context& context, const Fraction& a, const Fraction& b) {
  const auto limbs = static_cast<int64_t>((a.bits() + b.bits()) / 32);
  const bool is_integer = a.is_integer() && b.is_integer();
  return context.budget.spend(is_integer ? 8 + limbs * limbs / 32 : 60 + 12 * limbs + limbs * limbs / 2);
}

bool pays_gcd(const Context& context, const Integer& a, const Integer& b) {
  const auto limbs = static_cast<int64_t>((a.bits() + b.bits()) / 32);
  return context.budget.spend(30 + 8 * limbs + limbs * limbs / 12);
}

std::optional<Fraction> exact_value(const Term& term, const Context& context, const Bindings& bindings) {
  // Each sum around the term has a binding, which is copied.
  if (!context.budget.spend(4 + 8 * static_cast<int64_t>(bindings.size()))) return std::nullopt;
  ExactDomain domain(context);
  Evaluator<ExactDomain> evaluator(domain, context, term.sign);
  evaluator.bind(bindings);
  return evaluator.value(*term.expression, term.id);
}

}  // namespace lockstep::rewards::math
