// SPDX-License-Identifier: Apache-2.0
// Exact integers and fractions: the laws of arithmetic on random values of many sizes.
#include "rewards/math/integer.h"

#include <doctest/doctest.h>

#include <string>

#include "base/rng.h"
#include "base/text.h"
#include "rewards/math/fraction.h"

namespace lockstep::rewards::math {
namespace {

using base::Random;

Integer random_integer(Random& random, size_t max_limbs) {
  Integer value = 0;
  const uint64_t limbs = random.below(max_limbs + 1);
  for (uint64_t i = 0; i < limbs; ++i) {
    // Limbs of all ones and all zeros are where carries and quotient digits go wrong.
    const uint64_t kind = random.below(4);
    const int64_t limb = kind == 0 ? 0 : kind == 1 ? 0xFFFFFFFF : static_cast<int64_t>(random.bits());
    value = value * Integer(int64_t{1} << 32) + Integer(limb);
  }
  return random.chance(0.5) ? -value : value;
}

std::string decimal(Integer value) {
  std::string digits;
  const bool is_negative = value.is_negative();
  for (value = absolute(value); !value.is_zero();) {
    const auto parts = Integer::divide(value, 10);
    digits.insert(digits.begin(), static_cast<char>('0' + *parts.remainder.to_int64()));
    value = parts.quotient;
  }
  return cat(is_negative ? "-" : "", digits.empty() ? "0" : digits);
}

TEST_CASE("integers: ring laws hold for operands of up to 40 limbs") {
  Random random(1, "ring");
  for (int i = 0; i < 2000; ++i) {
    const Integer a = random_integer(random, 40), b = random_integer(random, 40), c = random_integer(random, 8);
    CHECK(a + b == b + a);
    CHECK(a * b == b * a);
    CHECK((a + b) - b == a);
    CHECK((a + b) * c == a * c + b * c);
    CHECK((a <=> b) == (Integer(0) <=> (b - a)));
  }
}

TEST_CASE("integers: a quotient and its remainder make up the dividend, the remainder being smaller") {
  Random random(2, "division");
  for (int i = 0; i < 5000; ++i) {
    const Integer a = random_integer(random, 40), b = random_integer(random, 20);
    if (b.is_zero()) continue;
    const auto parts = Integer::divide(a, b);
    CHECK(parts.quotient * b + parts.remainder == a);
    CHECK(absolute(parts.remainder) < absolute(b));
    CHECK((parts.remainder.is_zero() || parts.remainder.is_negative() == a.is_negative()));
    const Integer common = gcd(a, b);
    CHECK(Integer::divide(a, common).remainder.is_zero());
    CHECK(gcd(Integer::divide(a, common).quotient, Integer::divide(b, common).quotient) == Integer(1));
  }
}

// Euclid's algorithm as he wrote it down, for what gcd does several steps at a time.
Integer slow_gcd(Integer a, Integer b) {
  a = absolute(a);
  b = absolute(b);
  while (!b.is_zero()) {
    Integer rest = Integer::divide(a, b).remainder;
    a = std::move(b);
    b = std::move(rest);
  }
  return a;
}

TEST_CASE(
    "integers: common divisors are those of Euclid's algorithm, for random, near and consecutive Fibonacci numbers") {
  Random random(4, "gcd");
  for (int i = 0; i < 2000; ++i) {
    const Integer common = random_integer(random, 6), a = random_integer(random, 40) * common;
    const Integer b = random.chance(0.2) ? a + random_integer(random, 1) : random_integer(random, 30) * common;
    CHECK(gcd(a, b) == slow_gcd(a, b));
  }
  Integer a = 0, b = 1;  // every quotient is 1: the longest way
  for (int i = 0; i < 1000; ++i) {
    CHECK(gcd(a * 12, b * 12) == Integer(12));
    a = std::exchange(b, a + b);
  }
}

TEST_CASE("fractions: powers are in lowest terms, with the sign above") {
  Random random(5, "powers");
  for (int i = 0; i < 300; ++i) {
    const Fraction base(random_integer(random, 2), random_integer(random, 2) + Integer(1) * Integer(int64_t{1} << 40));
    const int64_t exponent = random.between(base.is_zero() ? 0 : -9, 9);
    Fraction expected = 1;
    for (int64_t k = 0; k < std::abs(exponent); ++k) expected = exponent < 0 ? expected / base : expected * base;
    CHECK(power(base, exponent) == expected);
    CHECK_FALSE(power(base, exponent).den().is_negative());
  }
}

TEST_CASE("integers: digits in any base read back, and residues agree with division") {
  Random random(3, "digits");
  for (int i = 0; i < 300; ++i) {
    const Integer a = random_integer(random, 20);
    const std::string text = decimal(absolute(a));
    CHECK(Integer::from_digits(text) == absolute(a));
    CHECK(Integer::from_digits(cat("000", text)) == absolute(a));
    const uint64_t modulus = 1 + random.below(uint64_t{1} << 62);
    const Integer rest = Integer::divide(a, Integer(static_cast<int64_t>(modulus))).remainder;
    const Integer expected = rest.is_negative() ? rest + Integer(static_cast<int64_t>(modulus)) : rest;
    CHECK(Integer(static_cast<int64_t>(a.modulo(modulus))) == expected);
  }
  CHECK(Integer::from_digits("ff", 16) == Integer(255));
  CHECK(Integer::from_digits("204", 5) == Integer(54));
  CHECK_FALSE(Integer::from_digits("205", 5));
  CHECK_FALSE(Integer::from_digits(""));
  CHECK_FALSE(Integer::from_digits("1.5"));
}

TEST_CASE("integers: roots are the largest whose power does not exceed the value") {
  Random random(4, "roots");
  for (int i = 0; i < 200; ++i) {
    const Integer a = absolute(random_integer(random, 6));
    const auto index = static_cast<uint32_t>(2 + random.below(5));
    const Integer root = root_floor(a, index);
    CHECK(power(root, index) <= a);
    CHECK(a < power(root + Integer(1), index));
    CHECK(root_floor(power(root, index), index) == root);
  }
}

TEST_CASE("integers: 64-bit borders convert") {
  CHECK(Integer(INT64_MIN).bits() == 64);
  CHECK_FALSE(Integer(INT64_MIN).to_int64());
  CHECK(Integer(INT64_MAX).to_int64() == INT64_MAX);
  CHECK(Integer(-INT64_MAX).to_int64() == -INT64_MAX);
  CHECK(decimal(power(Integer(2), 100)) == "1267650600228229401496703205376");
}

TEST_CASE("fractions: a field, always in lowest terms") {
  Random random(5, "fractions");
  const auto draw = [&] {
    const Integer den = random_integer(random, 4);
    return Fraction(random_integer(random, 4), den.is_zero() ? Integer(7) : den);
  };
  for (int i = 0; i < 1000; ++i) {
    const Fraction a = draw(), b = draw();
    CHECK(a + b - b == a);
    if (!b.is_zero()) CHECK(a * b / b == a);
    CHECK(gcd(a.num(), a.den()) == Integer(1));
    CHECK_FALSE(a.den().is_negative());
    CHECK((a < b) == (b - a > Fraction(0)));
    CHECK(Fraction(floor(a)) <= a);
    CHECK(a < Fraction(floor(a) + Integer(1)));
  }
  CHECK(Fraction(2, -4) == Fraction(-1, 2));
  CHECK(exact_root(Fraction(8, 27), 3) == Fraction(2, 3));
  CHECK_FALSE(exact_root(Fraction(2, 9), 2));
  CHECK(power(Fraction(2, 3), -2) == Fraction(9, 4));
}

}  // namespace
}  // namespace lockstep::rewards::math
