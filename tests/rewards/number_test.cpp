// SPDX-License-Identifier: Apache-2.0
// Exact numbers: laws of arithmetic on huge values, and the texts that are numbers.
#include "rewards/number.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

BigInt random_big(base::Random& random) {
  std::string digits;
  const int64_t length = random.between(1, 60);
  for (int64_t i = 0; i < length; ++i) digits += static_cast<char>('0' + random.below(10));
  const BigInt value = BigInt::from_digits(digits);
  return random.chance(0.5) ? -value : value;
}

TEST_CASE("BigInt: ring laws hold for random values of up to 60 digits") {
  base::Random random(1, "rational_test");
  for (int i = 0; i < 500; ++i) {
    const BigInt a = random_big(random), b = random_big(random), c = random_big(random);
    CHECK(a + b == b + a);
    CHECK((a + b) - b == a);
    CHECK(a * b == b * a);
    CHECK(a * (b + c) == a * b + a * c);
    CHECK((a + b) * (a - b) == a * a - b * b);
    CHECK((a - a).is_zero());
    CHECK_FALSE((a - a).is_negative());
  }
}

TEST_CASE("BigInt: agrees with 64-bit arithmetic") {
  base::Random random(2, "rational_test");
  for (int i = 0; i < 500; ++i) {
    const int64_t a = random.between(-2'000'000'000, 2'000'000'000), b = random.between(-2'000'000'000, 2'000'000'000);
    CHECK(BigInt(a) + BigInt(b) == BigInt(a + b));
    CHECK(BigInt(a) * BigInt(b) == BigInt(a * b));
  }
  CHECK(BigInt(INT64_MIN) + BigInt(INT64_MAX) == BigInt(-1));
  CHECK(BigInt::from_digits("0000") == BigInt(0));
  CHECK(BigInt::power_of_ten(18) == BigInt(1'000'000'000'000'000'000));
}

TEST_CASE("BigInt: a product beyond the bound is refused before it is computed") {
  const BigInt huge = BigInt::power_of_ten(30'000);
  CHECK_THROWS_AS(huge * huge, Error);
}

TEST_CASE("Rational: field laws on random fractions") {
  base::Random random(3, "rational_test");
  for (int i = 0; i < 500; ++i) {
    const auto draw = [&] { return Rational{random.between(-50, 50), random.between(1, 50)}; };
    const Rational a = draw(), b = draw(), c = draw();
    CHECK((a + b) - b == a);
    CHECK(a * (b + c) == a * b + a * c);
    if (!b.num.is_zero()) CHECK((a / b) * b == a);
  }
  CHECK(Rational{1, 2} == Rational{-2, -4});
  CHECK_THROWS_AS((Rational{1, 2} / Rational{0, 1}), Error);
}

bool is_number(std::string_view text, int64_t num, int64_t den) {
  const auto number = parse_number(text);
  return number && number->value == Rational{num, den};
}

TEST_CASE("numbers: the forms that are read") {
  CHECK(is_number("42", 42, 1));
  CHECK(is_number("-5", -5, 1));
  CHECK(is_number("- 5", -5, 1));
  CHECK(is_number("+12", 12, 1));
  CHECK(is_number("004", 4, 1));
  CHECK(is_number("1000.0", 1000, 1));
  CHECK(is_number("-0", 0, 1));
  CHECK(is_number("3.", 3, 1));
  CHECK(is_number(".5", 1, 2));
  CHECK(is_number("0.125", 1, 8));
  CHECK(is_number("1e2", 100, 1));
  CHECK(is_number("1.2E-3", 12, 10'000));
  CHECK(is_number("7,425,000", 7'425'000, 1));
  CHECK(is_number("1 000 000", 1'000'000, 1));
  CHECK(is_number("1,234.5", 2469, 2));
  CHECK(is_number("3/4", 3, 4));
  CHECK(is_number("-6/8", -3, 4));
  CHECK(is_number("1 1/4", 5, 4));
  CHECK(is_number("\\frac{3}{4}", 3, 4));
  CHECK(is_number("-\\frac34", -3, 4));
  CHECK(is_number("\\frac{-1}{2}", -1, 2));
  CHECK(is_number("\\frac{1}2", 1, 2));
  CHECK(is_number("2\\frac{1}{2}", 5, 2));
  CHECK(is_number("28%", 28, 1));
}

TEST_CASE("numbers: what is none") {
  for (const char* text :
       {"",          "-",           "+",       ".",       "e5",       "1e",    "1e99999", "1/0",     "\\frac{1}{0}",
        "\\frac{1}", "\\frac{1}{2", "1,23",    "12,34,5", "1234,567", "0,123", "1,2345",  "5, 6, 7", "5 or 6",
        "x",         "5x",          "1.5 1/2", "--5",     "1/2/3",    "%",     "0x10",    "inf",     "nan",
        "1 2"}) {
    CHECK_MESSAGE(!parse_number(text), text);
  }
}

TEST_CASE("numbers: equality is exact, however large or close") {
  const std::string big(3000, '7');
  const auto equal = [](const std::string& a, const std::string& b) {
    return numbers_equal(parse_number(a).value(), parse_number(b).value());
  };
  CHECK(equal(big, "+" + big + ".000"));
  CHECK_FALSE(equal(big + "1", big + "2"));
  CHECK_FALSE(equal("0.0000001", "0.0000002"));
  CHECK_FALSE(equal("0.333333", "1/3"));
  CHECK(equal("0.5", "4/8"));
  CHECK(equal("28%", "28"));
  CHECK(equal("0.28", "28%"));
  CHECK_FALSE(equal("28", "0.28"));
  CHECK_FALSE(equal("28%", "0.28%"));
  CHECK(equal("1e4000", "10e3999"));
}

TEST_CASE("numbers: more than 4096 digits are none") {
  CHECK(parse_number(std::string(4096, '1')));
  CHECK_FALSE(parse_number(std::string(4097, '1')));
  CHECK_FALSE(parse_number(std::string(1'000'000, '1')));
  CHECK_FALSE(parse_number("1e4097"));
}

}  // namespace
}  // namespace lockstep::rewards
