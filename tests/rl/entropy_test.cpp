// SPDX-License-Identifier: Apache-2.0
// The entropy threshold as a quantile, and the adaptive coefficient's rules; its equality with TRL: trl_equality_test.
#include "rl/entropy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"

namespace lockstep {

namespace {

rl::LossMetrics measured(double entropy) {
  rl::LossMetrics out;
  out.num_bonus_tokens = 10;
  out.bonus_entropy_sum = 10 * entropy;
  return out;
}

}  // namespace

TEST_CASE("entropy: the threshold interpolates linearly between neighbours") {
  const std::vector<float> values = {3, 1, 2, 5, 4};
  CHECK(rl::entropy_threshold(values, 1.0) == 1);
  CHECK(rl::entropy_threshold(values, 0.0) == 5);
  CHECK(rl::entropy_threshold(values, 0.5) == 3);
  CHECK(rl::entropy_threshold(values, 0.75) == 2);
  CHECK(rl::entropy_threshold(values, 0.6) == doctest::Approx(2.6));
  CHECK(rl::entropy_threshold({}, 0.2) < -1e300);
}

TEST_CASE(
    "entropy: a share of the tokens, to within one, reaches the threshold; one fifth of 11 is 2 and the third "
    "highest") {
  base::Random random(1, "entropies");
  for (size_t n : {1, 2, 11, 100, 1001})
    for (double share : {0.0, 0.2, 0.5, 0.8, 1.0}) {
      std::vector<float> values(n);
      for (float& x : values) x = static_cast<float>(random.uniform());
      const double threshold = rl::entropy_threshold(values, share);
      const auto kept =
          std::count_if(values.begin(), values.end(), [&](float x) { return static_cast<double>(x) >= threshold; });
      CHECK(kept >= 1);
      CHECK(std::abs(static_cast<double>(kept) - share * static_cast<double>(n)) <= 1);
    }
}

TEST_CASE("entropy: a constant coefficient is applied always and never moves") {
  rl::LossConfig config{.entropy_coef = 0.02};
  base::Json state = base::Json::object();
  rl::EntropyCoefficient coefficient(config, state);
  for (double entropy : {0.01, 3.0}) {
    CHECK(coefficient.applied() == 0.02);
    coefficient.observe(measured(entropy));
  }
  CHECK(coefficient.value() == 0.02);
  CHECK(state.empty());
}

TEST_CASE(
    "entropy: the adaptive coefficient stays within its bounds, forgets nothing between steps, and ignores empty "
    "updates") {
  rl::LossConfig config{.entropy_coef = 0.01,
                        .use_adaptive_entropy = true,
                        .entropy_coef_min = 0.005,
                        .entropy_coef_max = 0.02,
                        .entropy_coef_delta = 0.006,
                        .entropy_target = 1};
  base::Json state = base::Json::object();
  {
    rl::EntropyCoefficient coefficient(config, state);
    CHECK(coefficient.applied() == 0);  // nothing measured yet
    coefficient.observe({});
    CHECK(coefficient.value() == 0.01);
    coefficient.observe(measured(1));
    CHECK(coefficient.applied() == doctest::Approx(0.016));
    coefficient.observe(measured(0.5));
    CHECK(coefficient.applied() == 0.02);
  }
  rl::EntropyCoefficient resumed(config, state);
  CHECK(resumed.applied() == 0.02);
  for (int i = 0; i < 9; ++i) resumed.observe(measured(2));
  CHECK(resumed.applied() == 0);
  CHECK(resumed.value() == 0.005);
}

}  // namespace lockstep
