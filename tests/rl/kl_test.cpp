// SPDX-License-Identifier: Apache-2.0
// The estimators of the KL: what they average to, and the gradients that follow, over a whole small vocabulary.
#include "rl/kl.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tests/support/errors.h"

namespace lockstep {
using rl::kl_estimate;
using rl::KlEstimator;
using List = std::vector<double>;

namespace {

const List kPolicy = {0.5, 0.2, 0.2, 0.1}, kReference = {0.3, 0.4, 0.1, 0.2};
const std::vector<KlEstimator> kAll = {KlEstimator::k1, KlEstimator::k2, KlEstimator::k3};

double divergence(const List& p, const List& q) {
  double sum = 0;
  for (size_t a = 0; a < p.size(); ++a) sum += p[a] * std::log(p[a] / q[a]);
  return sum;
}

// sum_a p_a x_a over the tokens, where x is an estimator's value or slope.
double mean(KlEstimator estimator, double rl::Kl::*part) {
  double sum = 0;
  for (size_t a = 0; a < kPolicy.size(); ++a)
    sum += kPolicy[a] * (kl_estimate(estimator, std::log(kPolicy[a]), std::log(kReference[a])).*part);
  return sum;
}

// d / d logit_b of what a loss of the estimator follows on policy: sum_a p_a slope_a (1{a = b} - p_b).
double followed(KlEstimator estimator, size_t b) {
  const auto slope = kl_estimate(estimator, std::log(kPolicy[b]), std::log(kReference[b])).slope;
  return kPolicy[b] * (slope - mean(estimator, &rl::Kl::slope));
}

}  // namespace

TEST_CASE("kl: the slope of each estimator equals finite differences") {
  for (const auto estimator : kAll)
    for (double d : {-2.0, -0.3, 0.0, 1e-3, 0.7, 3.0}) {
      const double h = 1e-6, x = -1.5;
      const double slope =
          (kl_estimate(estimator, x + h, x + d).value - kl_estimate(estimator, x - h, x + d).value) / (2 * h);
      CHECK(kl_estimate(estimator, x, x + d).slope == doctest::Approx(slope).epsilon(1e-6).scale(0.01));
    }
}

TEST_CASE(
    "kl: k1 and k3 average to KL(pi, pi_ref), k2 only nearly; k2 and k3 are never negative, and all are 0 at "
    "equality") {
  const double exact = divergence(kPolicy, kReference);
  CHECK(mean(KlEstimator::k1, &rl::Kl::value) == doctest::Approx(exact).epsilon(1e-13));
  CHECK(mean(KlEstimator::k3, &rl::Kl::value) == doctest::Approx(exact).epsilon(1e-13));
  CHECK(mean(KlEstimator::k2, &rl::Kl::value) == doctest::Approx(exact).epsilon(0.2));
  CHECK(mean(KlEstimator::k2, &rl::Kl::value) != doctest::Approx(exact).epsilon(1e-4));
  for (double d = -3; d < 3; d += 0.01) {
    CHECK(kl_estimate(KlEstimator::k2, 0, d).value >= 0);
    CHECK(kl_estimate(KlEstimator::k3, 0, d).value >= 0);
  }
  for (const auto estimator : kAll) CHECK(kl_estimate(estimator, -1, -1).value == 0);
}

TEST_CASE("kl: as a loss on policy, k1 follows nothing, k2 the gradient of KL(pi, pi_ref), k3 that of KL(pi_ref, pi)") {
  for (size_t b = 0; b < kPolicy.size(); ++b) {
    const double reverse = kPolicy[b] * (std::log(kPolicy[b] / kReference[b]) - divergence(kPolicy, kReference));
    CHECK(std::abs(followed(KlEstimator::k1, b)) <= 1e-15);
    CHECK(followed(KlEstimator::k2, b) == doctest::Approx(reverse).epsilon(1e-12));
    CHECK(followed(KlEstimator::k3, b) == doctest::Approx(kPolicy[b] - kReference[b]).epsilon(1e-12));
  }
}

TEST_CASE("kl: an unknown name is an Error that lists the choices") {
  CHECK(rl::kl_estimator("k1") == KlEstimator::k1);
  CHECK(rl::kl_estimator("k2") == KlEstimator::k2);
  CHECK(rl::kl_estimator("k3") == KlEstimator::k3);
  test::check_error([] { rl::kl_estimator("low_var_kl"); }, "unknown kl_loss_type \"low_var_kl\"", "kl_loss_type",
                    "use k1, k2 or k3");
}

}  // namespace lockstep
