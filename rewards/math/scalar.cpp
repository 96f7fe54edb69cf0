// SPDX-License-Identifier: Apache-2.0
// Equality of numbers and expressions: exactly where possible, else by certified enclosures.
#include <algorithm>
#include <array>

#include "rewards/math/comparer.h"

namespace lockstep::rewards::math {
namespace {

// A value that was rounded to its last decimal: a literal with a point, with or without a power of ten.
struct Rounded {
  Fraction value;
  Fraction unit;  // what the last digit counts
  int digits;     // significant ones
};

std::optional<Rounded> rounded_literal(const Term& term, const Context& context) {
  const Node& node = term.node();
  if (node.kind == Kind::number && node.digits > 0) return Rounded{node.value, node.unit_in_last_place, node.digits};
  if (node.kind == Kind::negate || node.kind == Kind::unit) {
    auto inner = rounded_literal(term.child(0), context);
    if (inner && node.kind == Kind::negate) inner->value = -inner->value;
    return inner;
  }
  if (node.kind != Kind::product || node.children.size() != 2 || term.child(1).node().kind != Kind::power)
    return std::nullopt;
  const Term base = term.child(1).child(0);
  auto inner = rounded_literal(term.child(0), context);
  if (!inner || base.node().kind != Kind::number || base.node().value != Fraction(10)) return std::nullopt;
  const auto scale = exact_value(term.child(1), context);
  if (!scale || !pays(context, inner->value, *scale) || !pays(context, inner->unit, *scale)) return std::nullopt;
  return Rounded{inner->value * *scale, inner->unit * *scale, inner->digits};
}

// Digits from which a literal may be off by a whole unit: printed from a truncated or binary value.
constexpr int kMaxTrustedDigits = 12;
constexpr int kDoubleDigits = 15;

// How far the exact value may be from the literal.
Fraction tolerance(const Rounded& literal) {
  if (literal.digits < kMaxTrustedDigits) return literal.unit / Fraction(2);
  const Fraction relative = absolute(literal.value) / Fraction(power(Integer(10), kDoubleDigits - 1));
  return literal.digits >= kDoubleDigits ? std::max(relative, literal.unit) : literal.unit;
}

// Is the radius of a difference negligible beside the operands? 2^-140 of the larger one, or 2^-200 around zero.
bool is_negligible(const Ball& difference, const Radius& scale) {
  const Radius relative = scale * Radius::of(1, -140);
  return difference.rad < Radius{0.5, -200} || difference.rad < relative;
}

Outcome compare_balls(const ComplexBall& a, const ComplexBall& b) {
  const ComplexBall difference = a - b;
  if (!difference.re.contains_zero() || !difference.im.contains_zero()) return Outcome::different;
  const Radius scale = upper_bound(a.re) + upper_bound(a.im) + upper_bound(b.re) + upper_bound(b.im);
  const bool is_close = is_negligible(difference.re, scale) && is_negligible(difference.im, scale);
  return is_close ? Outcome::equal : Outcome::undecided;
}

}  // namespace

Outcome Comparer::compare_scalars(const Term& gold, const Term& prediction) {
  if (is_same_tree(gold, prediction)) return Outcome::equal;
  const int gold_infinity = infinite_sign(gold), infinity = infinite_sign(prediction);
  if (gold_infinity != 0 || infinity != 0) return gold_infinity == infinity ? Outcome::equal : Outcome::different;
  const auto exact_gold = exact_value(gold, context_);
  const auto exact = exact_gold ? exact_value(prediction, context_) : std::nullopt;
  if (exact_gold && exact && *exact_gold == *exact) return Outcome::equal;
  if (const Outcome rounded = compare_decimals(gold, prediction); rounded != Outcome::undecided) return rounded;
  if (exact_gold && exact) return Outcome::different;
  const auto gold_print = fingerprint(gold, context_);
  const auto print = gold_print ? fingerprint(prediction, context_) : std::nullopt;
  if (gold_print && print && *gold_print == *print) return Outcome::equal;
  // Fingerprints take n! for an unknown function, so only without such ones does their difference prove anything.
  if (gold_print && print && !needs_integers(gold) && !needs_integers(prediction)) return Outcome::different;
  if (!has_symbols(gold) && !has_symbols(prediction)) return compare_constants(gold, prediction);
  return compare_samples(gold, prediction);
}

// Spends what a distance of values and its comparison with a tolerance cost.
bool Comparer::can_subtract(const Fraction& a, const Fraction& b) const {
  return pays(context_, a, b) && pays(context_, a, b) && pays(context_, a, b) && pays(context_, a, b);
}

// Decided when a sufficiently long decimal is or is not the rounded form of the other side; else undecided.
Outcome Comparer::compare_decimals(const Term& gold, const Term& prediction) {
  const auto rounded_gold = rounded_literal(gold, context_), rounded = rounded_literal(prediction, context_);
  const auto is_long = [&](const std::optional<Rounded>& r) { return r && r->digits >= policy_.min_decimal_digits; };
  if (rounded_gold && rounded) {
    // Two decimals: the shorter one must be the rounded longer one. Money and measurements have few decimals and mean
    // what they say.
    if (!can_subtract(rounded_gold->value, rounded->value)) return Outcome::undecided;
    const Rounded& shorter = rounded_gold->unit < rounded->unit ? *rounded : *rounded_gold;
    if (!is_long(rounded_gold) || !is_long(rounded) || Fraction(1, 10'000) < shorter.unit) return Outcome::undecided;
    const Fraction distance = absolute(rounded_gold->value - rounded->value);
    return distance <= tolerance(shorter) ? Outcome::equal : Outcome::undecided;
  }
  if (!is_long(rounded_gold) && !is_long(rounded)) return Outcome::undecided;
  const Rounded& literal = rounded_gold ? *rounded_gold : *rounded;
  const Term& other = rounded_gold ? prediction : gold;
  if (const auto exact = exact_value(other, context_)) {
    if (!can_subtract(*exact, literal.value)) return Outcome::undecided;
    // A value that the digits could have said exactly is not meant by other ones, short of a binary number's noise.
    const bool is_sayable = literal.digits < kDoubleDigits && (*exact / literal.unit).is_integer();
    if (is_sayable) return *exact == literal.value ? Outcome::equal : Outcome::undecided;
    return absolute(*exact - literal.value) <= tolerance(literal) ? Outcome::equal : Outcome::undecided;
  }
  if (has_symbols(other)) return Outcome::undecided;
  const auto value = numeric_value(other, context_);
  if (!value || !value->is_real()) return Outcome::undecided;
  const Ball distance = absolute(value->re - Ball::from_fraction(literal.value));
  const Ball rest = Ball::from_fraction(tolerance(literal)) - distance;
  return rest.is_positive() ? Outcome::equal : Outcome::undecided;
}

Outcome Comparer::compare_constants(const Term& gold, const Term& prediction) {
  const auto a = numeric_value(gold, context_);
  const auto b = a ? numeric_value(prediction, context_) : std::nullopt;
  return a && b ? compare_balls(*a, *b) : Outcome::undecided;
}

// Agreement at every sample point where both sides have a real value (any value when i occurs), and at three points at
// least. Symbols stand for real numbers, so sqrt(1/n) and 1/sqrt(n) agree: they are compared where both exist. Analytic
// expressions that differ agree at a random point with probability 0; to 140 bits of a 256-bit evaluation it is no
// accident that can be expected. What exists at integers only, like (-1)^n, is compared at many of them: the parity of
// each symbol is a coin.
Outcome Comparer::compare_samples(const Term& gold, const Term& prediction) {
  if (!can_walk(gold, prediction)) return Outcome::undecided;
  const bool is_complex = has_imaginary_unit(gold) || has_imaginary_unit(prediction);
  using Class = SamplePoint::Class;
  // Most pairs are decided by the first six; the others are for roots such as that of b^2 - 4ac, real at few points.
  static constexpr std::array<Class, 14> kReal = {
      Class::medium, Class::negative, Class::small, Class::integer, Class::medium, Class::negative, Class::mixed,
      Class::mixed,  Class::mixed,    Class::mixed, Class::mixed,   Class::mixed,  Class::mixed,    Class::mixed};
  constexpr size_t kNumFirst = 6;
  constexpr int kMinEqual = 3, kNumIntegers = 16, kMinEqualIntegers = 12;
  constexpr uint64_t kMaxInteger = 97;
  int num_equal = 0;
  for (size_t i = 0; i < kReal.size() && (i < kNumFirst || num_equal < kMinEqual); ++i) {
    const auto outcome = compare_at(gold, prediction, {.range = kReal[i], .seed = i + 1}, is_complex);
    if (outcome == Outcome::different) return Outcome::different;
    num_equal += outcome == Outcome::equal ? 1 : 0;
  }
  if (num_equal >= kMinEqual) return Outcome::equal;
  std::set<std::string> symbols = symbols_of(gold);
  symbols.merge(symbols_of(prediction));
  num_equal = 0;
  for (uint64_t i = 0; i < kNumIntegers; ++i) {
    SamplePoint point = {.range = Class::integer, .seed = 100 + i};
    for (const std::string& name : symbols)
      point.integers.emplace_back(name, static_cast<int64_t>(1 + hash_name(name, point.seed) % kMaxInteger));
    const auto outcome = compare_at(gold, prediction, point, is_complex);
    if (outcome == Outcome::different) return Outcome::different;
    num_equal += outcome == Outcome::equal ? 1 : 0;
  }
  return num_equal >= kMinEqualIntegers ? Outcome::equal : Outcome::undecided;
}

// Nothing where one side has no value, or none among the real numbers while those are meant.
std::optional<Outcome> Comparer::compare_at(const Term& gold,
                                            const Term& prediction,
                                            const SamplePoint& point,
                                            bool is_complex) const {
  const auto a = numeric_value(gold, context_, point);
  const auto b = a ? numeric_value(prediction, context_, point) : std::nullopt;
  if (!b) return std::nullopt;
  if (!is_complex && (!a->is_real() || !b->is_real())) return std::nullopt;
  return compare_balls(*a, *b);
}

}  // namespace lockstep::rewards::math
