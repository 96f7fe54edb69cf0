// SPDX-License-Identifier: Apache-2.0
// The domain of residues modulo a prime p = 1 mod 4.
#include "rewards/math/modular.h"

#include <algorithm>
#include <bit>

namespace lockstep::rewards::math {
namespace {

struct Field {
  uint64_t prime;
  uint64_t root_of_minus_one;
};

constexpr uint64_t multiply_mod(uint64_t a, uint64_t b, uint64_t p) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b % p);
}

constexpr uint64_t power_mod(uint64_t base, uint64_t exponent, uint64_t p) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = multiply_mod(result, base, p);
    base = multiply_mod(base, base, p);
  }
  return result;
}

// x^((p - 1) / 4) for a non-residue x.
constexpr uint64_t root_of_minus_one(uint64_t p) {
  for (uint64_t x = 2;; ++x) {
    const uint64_t root = power_mod(x, (p - 1) / 4, p);
    if (multiply_mod(root, root, p) == p - 1) return root;
  }
}

// The two largest primes below 2^61 - 1 and 2^60 that are 1 modulo 4; modular_test.cpp proves them prime.
constexpr uint64_t kPrimes[kNumPrimes] = {2305843009213693921ULL, 1152921504606846869ULL};
constexpr Field kFields[kNumPrimes] = {{kPrimes[0], root_of_minus_one(kPrimes[0])},
                                       {kPrimes[1], root_of_minus_one(kPrimes[1])}};

constexpr int64_t kMaxDegree = int64_t{1} << 20;

class ModularDomain {
 public:
  // num / den, not reduced: one inversion at the end instead of one for each division, and the numerator of an equation.
  struct Value {
    uint64_t num, den;  // den != 0
    int64_t degree;     // bounds the degrees of both in the symbols
  };
  using Maybe = std::optional<Value>;
  static constexpr int64_t kCost = 6;
  static constexpr bool kIsExact = false;
  static constexpr bool kHasUnknowns = true;

  ModularDomain(const Field& field, uint64_t point, const Context& context)
      : field_(field), point_(point), context_(context) {}

  Maybe number(const Fraction& value) {
    if (!context_.budget.spend(static_cast<int64_t>(value.num().bits() + value.den().bits()) / 64)) return std::nullopt;
    const uint64_t den = value.den().modulo(field_.prime);
    if (den == 0) return std::nullopt;
    return Value{value.num().modulo(field_.prime), den, 0};
  }

  Maybe constant(const std::string& name) {
    if (name == "i") return Value{field_.root_of_minus_one, 1, 0};
    return name == "infty" ? std::nullopt : symbol(name);
  }

  Maybe symbol(const std::string& name) { return Value{hash_name(name, point_) % field_.prime, 1, 1}; }

  // An unknown function: equal arguments give equal values, and nothing else is known.
  Maybe call(const std::string& name, const std::vector<Value>& arguments) {
    uint64_t hash = hash_name(name, point_ ^ 0x5bd1e995);
    for (const Value& argument : arguments) {
      const auto known = residue(argument);
      if (!known) return std::nullopt;
      hash = mix(hash, *known);
    }
    return Value{hash % field_.prime, 1, 1};
  }

  Maybe add(const Value& a, const Value& b) {
    if (a.den == b.den) return bounded({plus(a.num, b.num), a.den, std::max(a.degree, b.degree)});
    return bounded({plus(times(a.num, b.den), times(b.num, a.den)), times(a.den, b.den), a.degree + b.degree});
  }
  Maybe multiply(const Value& a, const Value& b) {
    return bounded({times(a.num, b.num), times(a.den, b.den), a.degree + b.degree});
  }
  Maybe divide(const Value& a, const Value& b) {
    if (b.num == 0) return std::nullopt;
    return bounded({times(a.num, b.den), times(a.den, b.num), a.degree + b.degree});
  }

  Maybe integer_power(const Value& base, const Integer& exponent) {
    const bool is_inverted = exponent.is_negative();
    if (base.num == 0 && (is_inverted || exponent.is_zero())) return std::nullopt;
    // Fermat: exponents of numbers count modulo p - 1. Degrees must not wrap, so they are bounded before.
    const auto small = exponent.to_int64();
    if (base.degree > 0 && (!small || std::abs(*small) > kMaxDegree)) return std::nullopt;
    const uint64_t power = math::absolute(exponent).modulo(field_.prime - 1);
    if (!context_.budget.spend(2 * kPowerStep * std::bit_width(power))) return std::nullopt;
    const uint64_t num = power_mod(base.num, power, field_.prime), den = power_mod(base.den, power, field_.prime);
    const int64_t degree = base.degree == 0 ? 0 : base.degree * std::abs(*small);
    return bounded(is_inverted ? Value{den, num, degree} : Value{num, den, degree});
  }

  Maybe power(const Value&, const Value&) { return std::nullopt; }
  Maybe root(const Value&, uint32_t) { return std::nullopt; }
  Maybe function(const std::string&, const std::vector<Value>&) { return std::nullopt; }

  std::optional<uint64_t> residue(const Value& value) const {
    if (value.den == 1) return value.num;
    if (!context_.budget.spend(kPowerStep * std::bit_width(field_.prime))) return std::nullopt;
    return times(value.num, power_mod(value.den, field_.prime - 2, field_.prime));
  }
  // The numerator of a - b.
  uint64_t difference(const Value& a, const Value& b) const {
    const bool has_common = a.den == b.den;
    const uint64_t left = has_common ? a.num : times(a.num, b.den), right = has_common ? b.num : times(b.num, a.den);
    return left >= right ? left - right : left + field_.prime - right;
  }

 private:
  uint64_t times(uint64_t a, uint64_t b) const { return multiply_mod(a, b, field_.prime); }
  uint64_t plus(uint64_t a, uint64_t b) const { return a + b >= field_.prime ? a + b - field_.prime : a + b; }
  Maybe bounded(Value value) const {
    return value.degree <= kMaxDegree && value.den != 0 ? Maybe(value) : std::nullopt;
  }

  static constexpr int64_t kPowerStep = 2;  // two products modulo a prime

  Field field_;
  uint64_t point_;
  const Context& context_;
};

}  // namespace

uint64_t mix(uint64_t a, uint64_t b) {  // the finaliser of SplitMix64
  uint64_t z = a + 0x9e3779b97f4a7c15ULL * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

uint64_t hash_name(std::string_view name, uint64_t seed) {
  uint64_t hash = mix(seed, name.size());
  for (char c : name) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

std::optional<Fingerprint> fingerprint(const Term& term, const Context& context, uint64_t point) {
  Fingerprint result = {};
  for (size_t i = 0; i < kNumPrimes; ++i) {
    ModularDomain domain(kFields[i], point, context);
    const auto value = Evaluator<ModularDomain>(domain, context, term.sign).value(*term.expression, term.id);
    const auto residue = value ? domain.residue(*value) : std::nullopt;
    if (!residue) return std::nullopt;
    result[i] = *residue;
  }
  return result;
}

std::optional<Fingerprint> numerator_of_difference(const Term& a,
                                                   const Term& b,
                                                   const Context& context,
                                                   uint64_t point) {
  Fingerprint result = {};
  for (size_t i = 0; i < kNumPrimes; ++i) {
    ModularDomain domain(kFields[i], point, context);
    const auto x = Evaluator<ModularDomain>(domain, context, a.sign).value(*a.expression, a.id);
    const auto y = x ? Evaluator<ModularDomain>(domain, context, b.sign).value(*b.expression, b.id) : std::nullopt;
    if (!y) return std::nullopt;
    result[i] = domain.difference(*x, *y);
  }
  return result;
}

Fingerprint operator*(const Fingerprint& a, const Fingerprint& b) {
  Fingerprint result = {};
  for (size_t i = 0; i < kNumPrimes; ++i) result[i] = multiply_mod(a[i], b[i], kPrimes[i]);
  return result;
}

bool is_zero(const Fingerprint& a) { return std::find(a.begin(), a.end(), 0U) != a.end(); }

}  // namespace lockstep::rewards::math
