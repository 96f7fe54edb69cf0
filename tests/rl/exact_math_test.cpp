// SPDX-License-Identifier: Apache-2.0
// The machine-independent functions against libm, and their exact points.
#include "rl/exact_math.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace lockstep {

TEST_CASE("exp_exact: within 2e-16 of the true value over the normal range, exact at 0") {
  CHECK(rl::exp_exact(0) == 1.0);
  double worst = 0;
  for (double x = -700; x < 700; x += 0.00917) {
    worst =
        std::max(worst, std::abs(static_cast<double>(rl::exp_exact(x) / std::exp(static_cast<long double>(x)) - 1)));
  }
  CHECK(worst < 2e-16);
}

TEST_CASE("exp_exact: overflow is infinity, underflow is zero, NaN stays NaN") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(rl::exp_exact(710) == inf);
  CHECK(rl::exp_exact(inf) == inf);
  CHECK(rl::exp_exact(-746) == 0);
  CHECK(rl::exp_exact(-inf) == 0);
  CHECK(std::isnan(rl::exp_exact(std::numeric_limits<double>::quiet_NaN())));
}

TEST_CASE("exp_exact: the bits are written down here, so that another machine or compiler cannot change them") {
  CHECK(rl::exp_exact(1.0) == 0x1.5bf0a8b14576ap+1);
  CHECK(rl::exp_exact(-0.3) == 0x1.7b4c869c37c05p-1);
  CHECK(rl::exp_exact(0.01) == 0x1.0292a5d2f2226p+0);
}

TEST_CASE("cos_pi_exact: within 2e-16 of the true value, exact at 0, 1/2 and 1, odd about 1/2") {
  CHECK(rl::cos_pi_exact(0) == 1.0);
  CHECK(rl::cos_pi_exact(0.5) == 0.0);
  CHECK(rl::cos_pi_exact(1) == -1.0);
  const long double pi = std::numbers::pi_v<long double>;
  double worst = 0;
  for (double x = 0; x <= 1; x += 1.0 / 4096) {
    worst = std::max(worst, std::abs(static_cast<double>(rl::cos_pi_exact(x) - std::cos(x * pi))));
    CHECK(rl::cos_pi_exact(x) == -rl::cos_pi_exact(1 - x));
  }
  CHECK(worst < 2e-16);
}

}  // namespace lockstep
