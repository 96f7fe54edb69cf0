// SPDX-License-Identifier: Apache-2.0
// Certified arithmetic: enclosures contain the exact result, identities hold, and radii stay small.
#include "rewards/math/ball.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "base/rng.h"
#include "rewards/math/complex_ball.h"

namespace lockstep::rewards::math {
namespace {

using base::Random;

Fraction random_fraction(Random& random) {
  const int64_t num = random.between(-1'000'000'000, 1'000'000'000), den = random.between(1, 1'000'000);
  const Fraction value(num, den);
  return random.chance(0.2) ? value * Fraction(power(Integer(10), random.below(30))) : value;
}

bool encloses(const Ball& ball, const Fraction& value) { return (ball - Ball::from_fraction(value)).contains_zero(); }

// Better than 2^-bits of the value, or absolutely for values below 1.
bool is_tight(const Ball& ball, int64_t bits) {
  const Radius scale = magnitude(ball.mid) + Radius::of(1, 0);
  return ball.rad < scale * Radius::of(1, -bits);
}

bool agree(const Ball& a, const Ball& b) { return (a - b).contains_zero() && is_tight(a, 180) && is_tight(b, 180); }

// A decimal of many digits, correct in all of them.
Fraction decimal(const std::string& digits) {
  const size_t point = digits.find('.');
  const auto whole = Integer::from_digits(digits.substr(0, point) + digits.substr(point + 1));
  return Fraction(*whole, power(Integer(10), digits.size() - point - 1));
}

bool begins_with(const Ball& ball, const std::string& digits) {
  const Fraction value = decimal(digits), unit(1, power(Integer(10), digits.size() - digits.find('.') - 1));
  const Ball rest = ball - Ball::from_fraction(value);
  return !rest.is_negative() && (Ball::from_fraction(unit) - rest).is_positive();
}

Integer whole_mantissa(const Float256& value) {
  Integer result = 0;
  for (int i = Float256::kLimbs; i-- > 0;) {
    const Integer high = static_cast<int64_t>(value.mantissa[i] >> 32),
                  low = static_cast<int64_t>(value.mantissa[i] & 0xFFFFFFFF);
    result = (result * Integer(int64_t{1} << 32) + high) * Integer(int64_t{1} << 32) + low;
  }
  return result;
}

TEST_CASE("floats: a quotient is the exact one cut off after 256 bits") {
  Random random(7, "quotient");
  const auto operand = [&] {
    Float256 value{.exponent = random.between(-40, 40)};
    // Limbs of all ones and all zeros are where quotient digits go wrong.
    for (uint64_t& limb : value.mantissa)
      limb = random.chance(0.5) ? random.bits64() : random.chance(0.5) ? ~uint64_t{0} : 0;
    value.mantissa[Float256::kLimbs - 1] |= uint64_t{1} << 63;
    return value;
  };
  for (int i = 0; i < 5000; ++i) {
    const Float256 a = operand(), b = random.chance(0.1) ? a : operand();
    const Float256 quotient = divide(a, b);
    const Integer x = whole_mantissa(a), y = whole_mantissa(b);
    const uint64_t shift = x < y ? 256 : 255;
    CHECK(whole_mantissa(quotient) == Integer::divide(x * power(Integer(2), shift), y).quotient);
    CHECK(quotient.exponent == a.exponent - b.exponent + (x < y ? 0 : 1));
  }
}

TEST_CASE("balls: field operations enclose the exact rational result, tightly") {
  Random random(1, "field");
  for (int i = 0; i < 3000; ++i) {
    const Fraction a = random_fraction(random), b = random_fraction(random);
    const Ball x = Ball::from_fraction(a), y = Ball::from_fraction(b);
    CHECK(encloses(x + y, a + b));
    CHECK(encloses(x - y, a - b));
    CHECK(encloses(x * y, a * b));
    CHECK(is_tight(x * y, 240));
    if (b.is_zero()) continue;
    const MaybeBall quotient = divide(x, y);
    REQUIRE(quotient);
    CHECK(encloses(*quotient, a / b));
    CHECK(is_tight(*quotient, 240));
    CHECK((x - y).is_positive() == (a > b));
  }
  CHECK_FALSE(divide(Ball::from_integer(1), Ball::from_integer(0)));
  CHECK_FALSE(divide(Ball::from_integer(1), widened(Ball::from_integer(1), Radius::of(2, 0))));
}

TEST_CASE("balls: a widened operand widens the result by at least as much") {
  Random random(2, "wide");
  for (int i = 0; i < 500; ++i) {
    const Fraction a = random_fraction(random), b = random_fraction(random), shift(random.between(-100, 100), 100'000);
    const Ball x = widened(Ball::from_fraction(a), Radius::of(1e-3, 0)), y = Ball::from_fraction(b);
    const Fraction moved = a + shift;  // still inside x
    CHECK(encloses(x * y, moved * b));
    CHECK(encloses(x + y, moved + b));
    if (const MaybeBall quotient = divide(y, x); quotient && !moved.is_zero()) CHECK(encloses(*quotient, b / moved));
    if (const MaybeBall root = sqrt(x)) CHECK(encloses(*root * *root, moved));
  }
}

TEST_CASE("balls: constants have their known digits") {
  CHECK(begins_with(pi(), "3.1415926535897932384626433832795028841971693993751058209749445923"));
  CHECK(begins_with(*exp(Ball::from_integer(1)), "2.7182818284590452353602874713526624977572470936999595749669676277"));
  CHECK(begins_with(log_2(), "0.6931471805599453094172321214581765680755001343602552541206800094"));
  CHECK(
      begins_with(*sqrt(Ball::from_integer(2)), "1.4142135623730950488016887242096980785696718753769480731766797379"));
  CHECK(begins_with(sin_cos(Ball::from_integer(1))->sin,
                    "0.8414709848078965066525023216302989996225630607983710656727517099"));
  CHECK(begins_with(sin_cos(Ball::from_integer(1))->cos,
                    "0.5403023058681397174009366074429766037323104206179222276700972553"));
  CHECK(
      begins_with(*log(Ball::from_integer(10)), "2.3025850929940456840179914546843642076011014886287729760333279009"));
  CHECK(
      begins_with(*atan(Ball::from_integer(2)), "1.1071487177940905030170654601785370400700476454014326466765392074"));
}

TEST_CASE("balls: functional equations hold at random points, and libm lies inside a double's error") {
  Random random(3, "functions");
  for (int i = 0; i < 300; ++i) {
    const double at = (random.uniform() - 0.5) * 60;
    const Ball x = {Float256::from_double(at), {}}, y = Ball::from_fraction(Fraction(random.between(-3000, 3000), 997));
    CHECK(agree(*exp(x + y), *exp(x) * *exp(y)));
    CHECK(exp(x)->mid.to_double() == doctest::Approx(std::exp(at)).epsilon(1e-14));
    CHECK(agree(*log(*exp(y)), y));
    const auto a = *sin_cos(x), b = *sin_cos(y), sum = *sin_cos(x + y);
    CHECK(agree(a.sin * a.sin + a.cos * a.cos, Ball::from_integer(1)));
    CHECK(agree(sum.sin, a.sin * b.cos + a.cos * b.sin));
    CHECK(a.sin.mid.to_double() == doctest::Approx(std::sin(at)).epsilon(1e-12));
    const Ball angle = *atan(x);
    const auto at_angle = *sin_cos(angle);
    CHECK(agree(*divide(at_angle.sin, at_angle.cos), x));
    CHECK(angle.mid.to_double() == doctest::Approx(std::atan(at)).epsilon(1e-14));
  }
}

TEST_CASE("balls: what is undefined or out of range has no value") {
  CHECK_FALSE(log(Ball::from_integer(0)));
  CHECK_FALSE(log(Ball::from_integer(-1)));
  CHECK_FALSE(sqrt(Ball::from_integer(-1)));
  CHECK_FALSE(exp(Ball::from_integer(power(Integer(10), 20))));
  CHECK_FALSE(sin_cos(Ball::from_integer(power(Integer(10), 40))));
  CHECK(sqrt(Ball::from_integer(0))->is_exact_zero());
}

TEST_CASE("complex balls: powers and roots undo each other, and conjugates mirror") {
  Random random(4, "complex");
  for (int i = 0; i < 200; ++i) {
    const Ball re = Ball::from_fraction(Fraction(random.between(-2000, 2000), 997));
    const Ball im = Ball::from_fraction(Fraction(random.between(1, 2000), 997));
    const ComplexBall z = {re, im}, mirrored = {re, -im};
    const MaybeComplex root = sqrt(z);
    REQUIRE(root);
    const ComplexBall square = *root * *root;
    CHECK(agree(square.re, z.re));
    CHECK(agree(square.im, z.im));
    const MaybeComplex other = sqrt(mirrored);
    CHECK(agree(root->re, other->re));
    CHECK(agree(root->im, -other->im));
    const auto inverse = divide({Ball::from_integer(1), {}}, z);
    CHECK(agree((*inverse * z).re, Ball::from_integer(1)));
    CHECK(agree(integer_power(z, 5)->re, power(z, {Ball::from_integer(5), {}})->re));
  }
  // Schools teach the real cube root of a negative number.
  CHECK(agree(root({Ball::from_integer(-8), {}}, 3)->re, Ball::from_integer(-2)));
}

}  // namespace
}  // namespace lockstep::rewards::math
