// SPDX-License-Identifier: Apache-2.0
// Our f64 functions against long double libm, which has eleven bits more.
#include "kernels/cpu/f64_math.h"

#include <algorithm>

#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

double ulps(double got, long double wanted) {
  int exponent = 0;
  std::frexp(static_cast<double>(wanted), &exponent);
  return static_cast<double>(std::abs(static_cast<long double>(got) - wanted) / std::ldexp(1.0L, exponent - 53));
}

}  // namespace

TEST_CASE("f64 sine and cosine: absolute error at most 2^-52 up to 2^21, also beside multiples of pi / 2") {
  base::Random random(1, "f64 math test");
  double worst = 0;
  const auto see = [&](double x) {
    const SinCos got = sin_cos_f64(x);
    const auto exact = static_cast<long double>(x);
    worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(got.sin) - std::sin(exact))));
    worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(got.cos) - std::cos(exact))));
  };
  for (int i = 0; i < 100'000; ++i) {
    see((2 * random.uniform() - 1) * 0x1p21);
    see((2 * random.uniform() - 1) * 10);
    see(static_cast<double>(random.below(1'335'000)) * 0x1.921fb54442d18p+0);
  }
  for (const double x : {0.0, 0x1p21, -0x1p21, 1e-300}) see(x);
  CHECK(worst <= 0x1p-52);
  CHECK(std::isnan(sin_cos_f64(0x1.0001p21).sin));
  CHECK(std::isnan(sin_cos_f64(std::numeric_limits<double>::quiet_NaN()).cos));
}

TEST_CASE("f64 logarithm and power: within 1 ulp") {
  base::Random random(2, "f64 math test");
  double worst_log = 0, worst_power = 0;
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::ldexp(1 + random.uniform(), static_cast<int>(random.between(-40, 40)));
    const double near_one = 1 + (random.uniform() - 0.5) * 1e-3, base = 1 + random.uniform() * 1e7;
    const double exponent = 4 * random.uniform() - 3;
    worst_log = std::max({worst_log, ulps(log_f64(x), std::log(static_cast<long double>(x))),
                          ulps(log_f64(near_one), std::log(static_cast<long double>(near_one)))});
    const auto power = std::pow(static_cast<long double>(base), static_cast<long double>(exponent));
    worst_power = std::max(worst_power, ulps(power_f64(base, exponent), power));
  }
  CHECK(worst_log <= 0.51);
  CHECK(worst_power <= 0.9);
  CHECK(log_f64(1) == 0.0);
  CHECK(power_f64(10000, 0) == 1.0);
  CHECK(power_f64(10000, 0.25) == 10.0);
  CHECK(power_f64(2, -3) == 0.125);
}

TEST_CASE("f64 math: an integer power equals repeated multiplication to rounding") {
  CHECK(integer_power_f64(0.9, 0) == 1.0);
  CHECK(integer_power_f64(2, 40) == 1099511627776.0);
  double product = 1;
  for (int n = 1; n < 200; ++n) {
    product *= 0.999;
    CHECK(integer_power_f64(0.999, n) == doctest::Approx(product).epsilon(1e-14));
  }
}

}  // namespace lockstep::kernels::cpu::test
