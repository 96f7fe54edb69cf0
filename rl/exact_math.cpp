// SPDX-License-Identifier: Apache-2.0
// Argument reduction and Taylor sums; the compiler flag -ffp-contract=off keeps every rounding where it is
// written.
#include "rl/exact_math.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/cpu/f64_math.h"

namespace lockstep::rl {
namespace {

constexpr double kLog2E = 0x1.71547652b82fep+0;
// ln 2 in two parts; the first has 21 trailing zero bits, so k * kLn2High is exact for |k| < 2^20.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kPi = 0x1.921fb54442d18p+1;

// sum of the first terms of an alternating even or odd series in y = angle^2, |angle| <= pi / 4.
double cos_series(double y) {
  double sum = 1.0;
  for (int n = 18; n >= 2; n -= 2) sum = 1.0 - sum * y / (n * (n - 1));
  return sum;
}

double sin_series(double angle) {
  const double y = angle * angle;
  double sum = 1.0;
  for (int n = 19; n >= 3; n -= 2) sum = 1.0 - sum * y / (n * (n - 1));
  return angle * sum;
}

}  // namespace

double exp_exact(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.8) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0.0;
  const double k = std::floor(x * kLog2E + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= ln(2) / 2: 15 terms leave less than 1e-18
  double sum = 1.0;
  for (int n = 14; n >= 1; --n) sum = 1.0 + sum * r / n;
  return std::ldexp(sum, static_cast<int>(k));
}

double softplus_exact(double x) {
  using kernels::cpu::log_f64;
  return x < 0 ? log_f64(1 + exp_exact(x)) : log_f64(1 + exp_exact(-x)) + x;
}

double sigmoid_exact(double x) { return x >= 0 ? 1 / (1 + exp_exact(-x)) : 1 - 1 / (1 + exp_exact(x)); }

double cos_pi_exact(double x) {
  LOCKSTEP_CHECK(x >= 0 && x <= 1, "cos_pi_exact takes x in [0, 1]");
  if (x > 0.5) return -cos_pi_exact(1.0 - x);
  if (x > 0.25) return sin_series(kPi * (0.5 - x));
  const double angle = kPi * x;
  return cos_series(angle * angle);
}

}  // namespace lockstep::rl
