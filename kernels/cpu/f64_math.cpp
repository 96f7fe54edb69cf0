// SPDX-License-Identifier: Apache-2.0
// Cody-Waite reduction and Taylor sums for the angles; logarithm and power through pairs of f64 (Dekker 1971), because the
// exponent of a power must be known to more bits than one f64 has.
#include "kernels/cpu/f64_math.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr double kRounder = 0x1.8p52;  // adding and subtracting it rounds to an integer, ties to even

// pi / 2 in three parts. The first two have 32 bits: their products with an integer below 2^21 are exact.
constexpr double kHalfPi[3] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69};
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;

// 1 / n! with alternating signs for the powers of x^2: (1, -1/3!, 1/5!, ...) or (1, -1/2!, 1/4!, ...).
constexpr std::array<double, 10> alternating_inverse_factorials(int first) {
  std::array<double, 10> terms{};
  double factorial = 1;  // exact: all are below 23!
  int n = first;
  for (size_t i = 0; i < terms.size(); ++i) {
    terms[i] = (i % 2 == 0 ? 1.0 : -1.0) / factorial;
    factorial = factorial * (n + 1) * (n + 2);
    n += 2;
  }
  return terms;
}
constexpr auto kSinTerms = alternating_inverse_factorials(1), kCosTerms = alternating_inverse_factorials(0);

double polynomial(const std::array<double, 10>& terms, double x) {
  double sum = terms.back();
  for (size_t i = terms.size() - 1; i-- > 0;) sum = sum * x + terms[i];
  return sum;
}

// The unevaluated sum high + low, |low| at most half a unit in the last place of high.
struct Pair {
  double high, low;
};

// Exact for |a| >= |b|.
Pair fast_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

// Exact.
Pair two_sum(double a, double b) {
  const double sum = a + b, b_seen = sum - a;
  return {sum, (a - (sum - b_seen)) + (b - b_seen)};
}

// 26 leading bits and the rest.
Pair split(double a) {
  const double scaled = a * 0x1.0000002p27;
  const double high = scaled - (scaled - a);
  return {high, a - high};
}

// Exact.
Pair two_product(double a, double b) {
  const double product = a * b;
  const Pair x = split(a), y = split(b);
  return {product, ((x.high * y.high - product) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

Pair operator+(Pair a, Pair b) {
  const Pair sum = two_sum(a.high, b.high);
  return fast_sum(sum.high, sum.low + (a.low + b.low));
}
Pair operator*(Pair a, Pair b) {
  const Pair product = two_product(a.high, b.high);
  return fast_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}
Pair operator/(Pair a, Pair b) {
  const double quotient = a.high / b.high;
  const Pair back = b * Pair{quotient, 0};
  return fast_sum(quotient, (((a.high - back.high) - back.low) + a.low) / b.high);
}

constexpr Pair kLn2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

// x = 2^e m with m in [sqrt 1/2, sqrt 2), log m = 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.172: the terms up to s^29
// leave less than 2^-75.
Pair log_pair(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact, like ldexp below: moves bits
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --exponent;
  }
  const Pair s = Pair{m - 1, 0} / two_sum(m, 1), z = s * s;
  Pair sum = {0, 0};
  for (int n = 29; n >= 3; n -= 2) sum = (sum + Pair{1, 0} / Pair{static_cast<double>(n), 0}) * z;
  const Pair artanh = s + s * sum;
  return kLn2 * Pair{static_cast<double>(exponent), 0} + Pair{2 * artanh.high, 2 * artanh.low};
}

double exp_of(Pair y) {
  const double k = (y.high * 0x1.71547652b82fep+0 + kRounder) - kRounder;
  const Pair r = y + kLn2 * Pair{-k, 0};  // |r| <= ln(2) / 2: the terms up to r^15 leave less than 1e-19
  double sum = 0;
  for (int n = 15; n >= 2; --n) sum = (sum + 1.0) * r.high / n;
  return std::ldexp(1.0 + (r.high + (r.low + r.high * sum)), static_cast<int>(k));
}

}  // namespace

SinCos sin_cos_f64(double x) {
  if (!(std::abs(x) <= 0x1p21))
    return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  const double k = (x * kTwoOverPi + kRounder) - kRounder;
  const double r = ((x - k * kHalfPi[0]) - k * kHalfPi[1]) - k * kHalfPi[2];
  const double square = r * r;
  const double sine = r * polynomial(kSinTerms, square), cosine = polynomial(kCosTerms, square);
  switch (static_cast<int>(k) & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

double log_f64(double x) { return log_pair(x).high; }

double integer_power_f64(double base, int64_t n) {
  LOCKSTEP_CHECK(n >= 0, "integer_power_f64 takes n >= 0");
  double result = 1.0;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= base;
    base *= base;
  }
  return result;
}

double power_f64(double base, double exponent) { return exp_of(log_pair(base) * Pair{exponent, 0}); }

}  // namespace lockstep::kernels::cpu
