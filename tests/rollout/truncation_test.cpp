// SPDX-License-Identifier: Apache-2.0
// Top-k, top-p and min-p by selection keep exactly the sets that sorting keeps.
#include "rollout/truncation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "rollout/exp_f32.h"

namespace lockstep::rollout {
namespace {

struct Row {
  std::vector<float> logits, weights;
};

// Logits in steps of `step`, so that there are ties when it is large.
Row random_row(int64_t size, double spread, double step, uint64_t seed) {
  base::Random random(seed, "row");
  Row row;
  for (int64_t i = 0; i < size; ++i)
    row.logits.push_back(static_cast<float>(std::round(spread * random.normal() / step) * step));
  const float peak = *std::max_element(row.logits.begin(), row.logits.end());
  for (const float x : row.logits) row.weights.push_back(exp_f32(x - peak));
  return row;
}

std::vector<int32_t> kept(const Row& row, const SamplingConfig& config) {
  std::vector<int32_t> out;
  truncate(row.logits.data(), row.weights.data(), static_cast<int64_t>(row.logits.size()), config, out);
  std::sort(out.begin(), out.end());
  return out;
}

TEST_CASE("truncation: the kept sets are those of the definition, ties included") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    base::Random random(seed, "config");
    const auto row = random_row(random.between(1, 400), 3, seed % 2 ? 0.5 : 1e-6, seed);
    SamplingConfig config;
    if (random.chance(0.6)) config.top_k = random.between(0, 60);
    if (random.chance(0.6)) config.top_p = random.uniform();
    if (random.chance(0.4)) config.min_p = 0.3 * random.uniform();
    auto expected =
        truncate_ref(row.logits.data(), row.weights.data(), static_cast<int64_t>(row.logits.size()), config);
    std::sort(expected.begin(), expected.end());
    CHECK(kept(row, config) == expected);
  }
}

TEST_CASE("truncation: equal logits are kept from the lowest index on") {
  const Row row{std::vector<float>(8, 0.5f), std::vector<float>(8, 1.0f)};
  CHECK(kept(row, {.top_k = 3}) == std::vector<int32_t>{0, 1, 2});
  CHECK(kept(row, {.top_p = 0.5}) == std::vector<int32_t>{0, 1, 2, 3});
  CHECK(kept(row, {.top_p = 0.51}) == std::vector<int32_t>{0, 1, 2, 3, 4});
  CHECK(kept(row, {.top_p = 0.0}) == std::vector<int32_t>{0});
  CHECK(kept(row, {.min_p = 1.0}).size() == 8);
  CHECK(kept(row, {.top_k = 100}).size() == 8);
  CHECK(kept(row, {.top_k = 4, .top_p = 0.5}) == std::vector<int32_t>{0, 1});
}

TEST_CASE("truncation: probabilities 1/2, 1/4, 1/8, 1/8 are cut where they add up") {
  const Row row{{std::log(1.0f), std::log(4.0f), std::log(2.0f), std::log(1.0f)}, {0.25f, 1.0f, 0.5f, 0.25f}};
  CHECK(kept(row, {.top_p = 0.5}) == std::vector<int32_t>{1});
  CHECK(kept(row, {.top_p = 0.75}) == std::vector<int32_t>{1, 2});
  CHECK(kept(row, {.top_p = 0.76}) == std::vector<int32_t>{0, 1, 2});
  CHECK(kept(row, {.min_p = 0.25}) == std::vector<int32_t>{0, 1, 2, 3});
  CHECK(kept(row, {.min_p = 0.26}) == std::vector<int32_t>{1, 2});
}

}  // namespace
}  // namespace lockstep::rollout
