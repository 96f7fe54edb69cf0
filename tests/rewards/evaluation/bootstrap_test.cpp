// SPDX-License-Identifier: Apache-2.0
// Bootstrap intervals: what they cover in simulations, and what they do not depend on.
#include "rewards/evaluation/bootstrap.h"

#include <doctest/doctest.h>

#include <utility>

#include "base/rng.h"

namespace lockstep::rewards::evaluation {
namespace {

// n prompts, each with `samples` tries; a prompt's own chance is drawn around 0.4, so that samples of a prompt belong together.
std::vector<double> shares(uint64_t seed, size_t n, int samples) {
  base::Random random(seed, "simulation");
  std::vector<double> out;
  for (size_t i = 0; i < n; ++i) {
    const double chance = 0.8 * random.uniform();
    int right = 0;
    for (int s = 0; s < samples; ++s) right += random.chance(chance);
    out.push_back(static_cast<double>(right) / samples);
  }
  return out;
}

double coverage(size_t n, int samples) {
  constexpr int kExperiments = 600;
  int covered = 0;
  for (uint64_t e = 0; e < kExperiments; ++e) {
    const auto interval = bootstrap_means({shares(e, n, samples)}, {.num_resamples = 300, .key = e}).front();
    covered += interval->low <= 0.4 && 0.4 <= interval->high;
  }
  return static_cast<double>(covered) / kExperiments;
}

}  // namespace

TEST_CASE("bootstrap: the interval holds the true mean in about 95 of 100 experiments, for one sample a prompt and for many") {
  for (const int samples : {1, 16}) {
    CAPTURE(samples);
    const double share = coverage(100, samples);
    CHECK(share > 0.925);  // 95 % less about 2.5 standard errors of 600 experiments
    CHECK(share < 0.975);
  }
}

TEST_CASE("bootstrap: more samples of the same prompts do not narrow it as more prompts do") {
  const auto width = [](size_t n, int samples) {
    const auto interval = bootstrap_means({shares(3, n, samples)}, {}).front();
    return interval->high - interval->low;
  };
  const double base = width(200, 4);
  CHECK(width(800, 4) == doctest::Approx(base / 2).epsilon(0.15));
  CHECK(width(200, 64) > 0.6 * base);  // as independent samples it would be a quarter
}

TEST_CASE("bootstrap: a function of columns and key; columns share their resamples") {
  const auto column = shares(1, 50, 4);
  std::vector<double> opposite;
  for (const double value : column) opposite.push_back(1 - value);
  const auto once = bootstrap_means({column, opposite, column}, {.key = 5});
  const auto alone = bootstrap_means({column}, {.key = 5}).front();
  CHECK(once[0]->low == alone->low);
  CHECK(once[2]->high == alone->high);
  CHECK(once[1]->low == doctest::Approx(1 - once[0]->high));
  CHECK(once[1]->high == doctest::Approx(1 - once[0]->low));
  const auto other = bootstrap_means({column}, {.num_resamples = 100, .key = 6}).front(), same = bootstrap_means({column}, {.num_resamples = 100, .key = 5}).front();
  CHECK(std::pair(other->low, other->high) != std::pair(same->low, same->high));
}

TEST_CASE("bootstrap: equal values have an interval of no width; one prompt, or no resamples, have none") {
  const auto flat = bootstrap_means({std::vector<double>(10, 0.25)}, {}).front();
  CHECK(flat->low == 0.25);
  CHECK(flat->high == 0.25);
  CHECK_FALSE(bootstrap_means({{0.5}}, {}).front().has_value());
  CHECK_FALSE(bootstrap_means({{0.5, 1.0}}, {.num_resamples = 0}).front().has_value());
  CHECK(bootstrap_means({}, {}).empty());
}

TEST_CASE("bootstrap: two prompts, by hand") {
  // Resampled means of {0, 1} are 0, 0.5 and 1 with shares 1/4, 1/2, 1/4: both tails reach the ends.
  const auto interval = bootstrap_means({{0.0, 1.0}}, {}).front();
  CHECK(interval->low == 0.0);
  CHECK(interval->high == 1.0);
}

}  // namespace lockstep::rewards::evaluation
