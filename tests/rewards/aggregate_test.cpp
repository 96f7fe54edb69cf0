// SPDX-License-Identifier: Apache-2.0
// Aggregation of several rewards: TRL's numbers, invariances, and samples that nobody scored.
#include "rewards/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// [groups * size, rewards] of small numbers with gaps.
RewardTable random_table(uint64_t seed, size_t num_samples, size_t num_rewards) {
  base::Random random(seed, "aggregate");
  RewardTable table{num_rewards, {}};
  for (size_t i = 0; i < num_samples * num_rewards; ++i) table.values.push_back(random.chance(0.15) ? kNone : random.uniform() * 4 - 1);
  return table;
}

}  // namespace

TEST_CASE("aggregate: TRL's numbers on recorded tables") {
  const base::Json fixture = base::parse_json_file(LOCKSTEP_SOURCE_DIR "/tests/fixtures/rewards/trl_aggregation.json");
  for (const base::Json& row : fixture["tables"]) {
    RewardTable table{row["weights"].size(), {}};
    for (const base::Json& value : row["values"]) table.values.push_back(value.is_null() ? kNone : value.get<double>());
    const auto weights = row["weights"].get<std::vector<double>>();
    const auto advantages = normalize_then_sum(table, weights, row["group_size"]);
    const auto sums = weighted_sums(table, weights);
    REQUIRE(advantages.size() == row["normalize_then_sum"].size());
    for (size_t i = 0; i < advantages.size(); ++i) {
      CHECK(advantages[i] == doctest::Approx(row["normalize_then_sum"][i].get<double>()).epsilon(1e-9));
      if (row["sums"][i].is_null()) {
        CHECK(std::isnan(sums[i]));
      } else {
        CHECK(sums[i] == doctest::Approx(row["sums"][i].get<double>()).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("aggregate: permuting a group permutes its advantages, bit for bit") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RewardTable table = random_table(seed, 12, 3);
    const std::vector<double> weights = {1, 0.5, -2};
    const auto before = normalize_then_sum(table, weights, 4);
    std::vector<size_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    std::reverse(order.begin() + 4, order.begin() + 8);
    RewardTable permuted{3, {}};
    for (const size_t i : order) permuted.values.insert(permuted.values.end(), table.values.begin() + static_cast<std::ptrdiff_t>(3 * i), table.values.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    const auto after = normalize_then_sum(permuted, weights, 4);
    for (size_t i = 0; i < order.size(); ++i) CHECK(after[i] == before[order[i]]);
  }
}

TEST_CASE("aggregate: the scale and offset of a reward do not matter, its weight does") {
  RewardTable table = random_table(3, 16, 2), scaled = table;
  for (size_t i = 0; i < scaled.values.size(); i += 2) scaled.values[i] = 1000 * scaled.values[i] - 7;
  const std::vector<double> weights = {1, 1}, heavier = {10, 1};
  const auto first = normalize_then_sum(table, weights, 8), second = normalize_then_sum(scaled, weights, 8);
  double moved = 0;
  const auto third = normalize_then_sum(table, heavier, 8);
  for (size_t i = 0; i < first.size(); ++i) {
    CHECK(second[i] == doctest::Approx(first[i]).epsilon(1e-2));
    moved = std::max(moved, std::abs(third[i] - first[i]));
  }
  CHECK(moved > 0.1);
}

TEST_CASE("aggregate: flat rewards and samples that nobody scored get exactly 0, and the mean is 0 over the others") {
  const RewardTable table{2, {0.1, 1, 0.1, 0, kNone, kNone, 0.1, kNone}};
  const auto advantages = normalize_then_sum(table, std::vector<double>{1, 1}, 4);
  CHECK(advantages[2] == 0);
  CHECK(advantages[0] == -advantages[1]);
  CHECK(advantages[3] == 0);
  const RewardTable flat{2, std::vector<double>(16, 0.3)};
  for (const double advantage : normalize_then_sum(flat, std::vector<double>{1, 1}, 4)) CHECK(advantage == 0);
  const RewardTable none{1, {kNone, kNone}};
  for (const double advantage : normalize_then_sum(none, std::vector<double>{1}, 2)) CHECK(advantage == 0);
}

TEST_CASE("aggregate: the table takes what is ok, and sizes that do not fit are Errors") {
  CombinedScore score;
  score.status = Status::ok;
  score.parts = {{.value = 2}, {.status = Status::skip}, {.status = Status::timeout, .value = 5}};
  CombinedScore unscored = score;
  unscored.status = Status::skip;
  const RewardTable none = reward_table(std::vector<CombinedScore>{unscored}, 3);
  CHECK(std::isnan(none.values[0]));
  const std::vector<CombinedScore> scores = {score};
  const RewardTable table = reward_table(scores, 3);
  CHECK(table.values[0] == 2);
  CHECK(std::isnan(table.values[1]));
  CHECK(std::isnan(table.values[2]));
  CHECK(weighted_sums(table, std::vector<double>{3, 1, 1})[0] == 6);
  expect_error([&] { weighted_sums(table, std::vector<double>{1}); }, "1 weights for 3 rewards", "reward weights", "give one weight");
  expect_error([&] { normalize_then_sum(table, std::vector<double>{1, 1, 1}, 2); }, "1 samples do not split into groups of 2",
               "rewards/aggregate", "pass num_generations");
}

}  // namespace lockstep::rewards
