// SPDX-License-Identifier: Apache-2.0
// Advantages: recipes with known values, the laws of a group, skipped samples, and the Errors.
#include "rl/advantage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace lockstep {
using rl::AdvantageConfig;
using rl::group_advantages;
using List = std::vector<double>;

namespace {

const AdvantageConfig kNoGuard{.std_guard = 0};
const AdvantageConfig kPopulation{.std_estimator = "population", .std_guard = 0};

List advantages(const List& rewards, int group_size, const AdvantageConfig& config = {}) {
  return group_advantages(rewards, {}, group_size, config).advantages;
}

List random_like(size_t n) {
  List out;
  for (size_t i = 0; i < n; ++i) out.push_back(static_cast<double>((i * 7919 + 13) % 31) / 7.0 - 1.3);
  return out;
}

}  // namespace

TEST_CASE("advantage: equal rewards give exactly zero, not NaN, whatever the scaling") {
  for (const char* scale : {"group", "batch", "none"}) {
    for (double guard : {0.0, 1e-4}) {
      const AdvantageConfig config{.scale_rewards = scale, .std_guard = guard};
      const auto out = group_advantages(List{0.1, 0.1, 0.1, 0.7, 0.7, 0.7}, {}, 3, config);
      CHECK(out.advantages == List(6, 0.0));
      CHECK(out.frac_reward_zero_std == 1.0);
    }
  }
}

TEST_CASE("advantage: r = [1,0,0,0] has the textbook values for both estimators of the std") {
  const List population = advantages({1, 0, 0, 0}, 4, kPopulation), sample = advantages({1, 0, 0, 0}, 4, kNoGuard);
  CHECK(population[0] == doctest::Approx(std::sqrt(3.0)).epsilon(1e-14));
  CHECK(sample[0] == doctest::Approx(1.5).epsilon(1e-14));
  for (size_t i = 1; i < 4; ++i) {
    CHECK(population[i] == doctest::Approx(-1 / std::sqrt(3.0)).epsilon(1e-14));
    CHECK(sample[i] == doctest::Approx(-0.5).epsilon(1e-14));
  }
}

TEST_CASE("advantage: 0/1 rewards with success share p give sqrt((1-p)/p) and -sqrt(p/(1-p))") {
  for (int wins = 1; wins < 16; ++wins) {
    List rewards(16, 0.0);
    std::fill_n(rewards.begin(), wins, 1.0);
    const List a = advantages(rewards, 16, kPopulation);
    const double p = wins / 16.0;
    CHECK(a.front() == doctest::Approx(std::sqrt((1 - p) / p)).epsilon(1e-13));
    CHECK(a.back() == doctest::Approx(-std::sqrt(p / (1 - p))).epsilon(1e-13));
  }
}

TEST_CASE("advantage: a group sums to zero and shifting its rewards changes nothing") {
  const List rewards = random_like(24);
  List shifted = rewards;
  for (double& r : shifted) r += 4.0;
  for (const char* scale : {"group", "none"}) {
    const List a = advantages(rewards, 8, {.scale_rewards = scale}),
               b = advantages(shifted, 8, {.scale_rewards = scale});
    for (size_t g = 0; g < 3; ++g) {
      double sum = 0;
      for (size_t i = 8 * g; i < 8 * g + 8; ++i) {
        sum += a[i];
        CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-12));
      }
      CHECK(std::abs(sum) < 1e-13);
    }
  }
}

TEST_CASE("advantage: permuting a group permutes its advantages bit for bit, and leaves the other groups alone") {
  const List rewards = random_like(16);
  List permuted = rewards;
  const std::vector<size_t> order = {5, 2, 7, 0, 1, 6, 3, 4};
  for (size_t i = 0; i < 8; ++i) permuted[i] = rewards[order[i]];
  for (const char* scale : {"group", "batch", "none"}) {
    const List a = advantages(rewards, 8, {.scale_rewards = scale}),
               b = advantages(permuted, 8, {.scale_rewards = scale});
    for (size_t i = 0; i < 8; ++i) CHECK(b[i] == a[order[i]]);
    for (size_t i = 8; i < 16; ++i) CHECK(b[i] == a[i]);
  }
}

TEST_CASE("advantage: a skipped sample is as if its group had one sample less") {
  const auto out = group_advantages(List{1, 99, 0, 0.25}, std::vector<uint8_t>{1, 0, 1, 1}, 4, {});
  const List without = advantages({1, 0, 0.25}, 3);
  CHECK(out.advantages == List{without[0], 0, without[1], without[2]});
  CHECK(out.num_valid == 3);
  CHECK(out.reward_mean == doctest::Approx(1.25 / 3));
}

TEST_CASE("advantage: a skipped sample may hold NaN; groups with one valid sample or none give zero") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto out = group_advantages(List{nan, 2, nan, nan}, std::vector<uint8_t>{0, 1, 0, 0}, 2, {});
  CHECK(out.advantages == List(4, 0.0));
  CHECK(out.frac_reward_zero_std == 1.0);  // of the one group that has a valid sample
}

TEST_CASE("advantage: a fixed divisor replaces the std when scale_rewards is none") {
  const AdvantageConfig config{.scale_rewards = "none", .advantage_scale = 0.4};
  CHECK(advantages({1.2, 0.2}, 2, config)[0] == doctest::Approx(1.25));
}

TEST_CASE("advantage: rloo is the reward less the mean of the others, not scaled") {
  const List rewards = random_like(12);
  const auto a = advantages(rewards, 4, {.adv_estimator = "rloo"});
  for (size_t i = 0; i < 12; ++i) {
    double others = 0;
    for (size_t j = i / 4 * 4; j < i / 4 * 4 + 4; ++j) others += j == i ? 0 : rewards[j];
    CHECK(a[i] == doctest::Approx(rewards[i] - others / 3).epsilon(1e-13));
  }
  const auto skipped = group_advantages(List{1, 99, 0, 0.25}, std::vector<uint8_t>{1, 0, 1, 1}, 4, {.adv_estimator = "rloo"});
  CHECK(skipped.advantages[0] == doctest::Approx(1 - 0.125));
  CHECK(skipped.advantages[1] == 0);
  CHECK(advantages({0.3, 0.3, 0.3}, 3, {.adv_estimator = "rloo"}) == List(3, 0.0));
}

TEST_CASE("advantage: the reinforce++ baseline normalises the centred rewards over the tokens of the batch, as verl's masked_whiten") {
  const List rewards = {1, 0, 0.5, 0.25, 0.25, 0.25}, lengths = {3, 1, 7, 2, 5, 4};
  auto a = advantages(rewards, 3, {.adv_estimator = "reinforce_plus_plus_baseline"});
  const List centred = {0.5, -0.5, 0, 0, 0, 0};
  CHECK(a == centred);
  rl::normalize_over_tokens(a, lengths);
  List tokens;  // one value per token, whitened as a flat list
  for (size_t i = 0; i < 6; ++i) tokens.insert(tokens.end(), static_cast<size_t>(lengths[i]), centred[i]);
  double mean = 0, squares = 0;
  for (double x : tokens) mean += x / static_cast<double>(tokens.size());
  for (double x : tokens) squares += (x - mean) * (x - mean);
  const double std = std::sqrt(squares / static_cast<double>(tokens.size() - 1) + 1e-8);
  double sum = 0;
  for (size_t i = 0; i < 6; ++i) {
    CHECK(a[i] == doctest::Approx((centred[i] - mean) / std).epsilon(1e-12));
    sum += a[i] * lengths[i];
  }
  CHECK(std::abs(sum) < 1e-12);
}

TEST_CASE("advantage: normalising over tokens leaves samples without tokens, and does not see their order") {
  List a = {0.5, -0.25, 7, 0.1}, b = {0.1, 7, -0.25, 0.5};
  rl::normalize_over_tokens(a, List{3, 5, 0, 2});
  rl::normalize_over_tokens(b, List{2, 0, 5, 3});
  CHECK(a[2] == 7);
  CHECK(a == List{b[3], b[2], b[1], b[0]});
  List one = {3};
  rl::normalize_over_tokens(one, List{1});
  CHECK(one == List{3});
}

TEST_CASE("advantage: metrics of the batch") {
  const auto out = group_advantages(List{1, 0, 1, 1}, {}, 2, {});
  CHECK(out.reward_mean == 0.75);
  CHECK(out.reward_std == doctest::Approx(0.5));
  CHECK(out.frac_reward_zero_std == 0.5);
  CHECK(out.num_zero_std == 1);
  CHECK(group_advantages({}, {}, 4, {}).advantages.empty());
}

TEST_CASE("advantage: a reward that is not finite is an Error that names group and sample") {
  test::check_error(
      [] {
        advantages({0, 1, 0, std::numeric_limits<double>::infinity()}, 2);
      },
      "the reward is inf", "group 1, sample 1", "let the reward function return a finite number, or skip the sample");
}

TEST_CASE("advantage: sizes and option names are checked") {
  test::check_error(
      [] {
        advantages({0, 1, 0}, 2);
      },
      "3 rewards do not split into groups of 2", "rl/advantage",
      "pass num_generations rewards for every prompt of the rollout");
  test::check_error(
      [] {
        advantages({0, 1}, 2, {.scale_rewards = "groups"});
      },
      "unknown scale_rewards \"groups\"", "scale_rewards", "use group, batch or none");
  test::check_error(
      [] {
        advantages({0, 1}, 2, {.std_estimator = "n"});
      },
      "unknown std_estimator \"n\"", "std_estimator", "use sample or population");
  test::check_error(
      [] {
        advantages({0, 1}, 2, {.adv_estimator = "gae"});
      },
      "unknown adv_estimator \"gae\"", "adv_estimator", "use grpo, rloo or reinforce_plus_plus_baseline");
}

}  // namespace lockstep
