// SPDX-License-Identifier: Apache-2.0
// pass@k and cons@k against counting all subsets.
#include "rewards/evaluation/estimators.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/rng.h"

namespace lockstep::rewards::evaluation {
namespace {

double binomial(int64_t n, int64_t k) {
  double out = 1;
  for (int64_t i = 1; i <= k; ++i) out = out * static_cast<double>(n - k + i) / static_cast<double>(i);
  return k > n ? 0 : out;
}

std::vector<Vote> random_votes(uint64_t seed, size_t n) {
  base::Random random(seed, "votes of a test");
  std::vector<Vote> votes;
  for (size_t i = 0; i < n; ++i) votes.push_back(random.chance(0.2) ? Vote() : Vote(static_cast<int>(random.below(4))));
  return votes;
}

// By definition: the share of k-subsets whose majority is right.
double cons_by_counting(const std::vector<Vote>& votes, int k) {
  double hits = 0;
  for (uint32_t subset = 0; subset < (1u << votes.size()); ++subset) {
    if (std::popcount(subset) != k) continue;
    std::vector<Vote> drawn;
    for (size_t i = 0; i < votes.size(); ++i)
      if (subset >> i & 1) drawn.push_back(votes[i]);
    hits += majority_is_right(drawn);
  }
  return hits / binomial(static_cast<int64_t>(votes.size()), k);
}

}  // namespace

TEST_CASE("pass@k: the share of k-subsets of n samples with a right one, by counting them all") {
  for (int64_t n = 1; n <= 9; ++n)
    for (int64_t c = 0; c <= n; ++c)
      for (int64_t k = 1; k <= n; ++k) {
        double hits = 0;
        for (uint32_t subset = 0; subset < (1u << n); ++subset)
          if (std::popcount(subset) == k && (subset & ((1u << c) - 1)) != 0) hits += 1;
        CHECK(pass_at_k(n, c, k) == doctest::Approx(hits / binomial(n, k)));
      }
}

TEST_CASE("pass@k: large counts neither overflow nor leave [0, 1]") {
  CHECK(pass_at_k(1'000'000, 1, 1) == doctest::Approx(1e-6));
  const double value = pass_at_k(10'000, 5, 1000);
  CHECK(value > 0.4);
  CHECK(value < 0.42);
}

TEST_CASE("the majority: the most frequent answer; ties go to the one drawn first; no vote counts for nobody") {
  const auto right = [](std::vector<Vote> votes) { return majority_is_right(votes); };
  CHECK(right({0, 1}));
  CHECK_FALSE(right({1, 0}));
  CHECK(right({1, 0, 2, 0}));
  CHECK(right({{}, {}, 0}));
  CHECK_FALSE(right({{}, {}}));
  CHECK_FALSE(right({}));
}

TEST_CASE("cons@k: with draws enough for all subsets it is their mean, whatever the key") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto votes = random_votes(seed, 8);
    for (int k = 1; k <= 8; ++k) {
      CHECK(cons_at_k(votes, k, {.num_draws = 70, .key = seed}) == doctest::Approx(cons_by_counting(votes, k)));
      CHECK(cons_at_k(votes, k, {.num_draws = 70, .key = 1}) == cons_at_k(votes, k, {.num_draws = 70, .key = 2}));
    }
  }
}

TEST_CASE("cons@k: with fewer draws it is deterministic, and near the mean over all subsets") {
  double error = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto votes = random_votes(seed, 12);
    const VoteDraws draws{.num_draws = 400, .key = seed};  // of 924
    const double drawn = cons_at_k(votes, 6, draws);
    CHECK(drawn == cons_at_k(votes, 6, draws));
    error += (drawn - cons_by_counting(votes, 6)) / 40;
    CHECK(drawn == doctest::Approx(cons_by_counting(votes, 6)).epsilon(0.15).scale(1));
  }
  CHECK(std::abs(error) < 0.01);  // unbiased: the mean over 16,000 draws
}

TEST_CASE("cons@k: one sample votes as it is right, all of them as the majority") {
  const std::vector<Vote> votes = {0, 1, {}, 0, 2};
  CHECK(cons_at_k(votes, 1, {}) == doctest::Approx(2.0 / 5));
  CHECK(cons_at_k(votes, 5, {}) == 1.0);
}

}  // namespace lockstep::rewards::evaluation
