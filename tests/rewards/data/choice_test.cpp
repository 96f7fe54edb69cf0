// SPDX-License-Identifier: Apache-2.0
// Choices of rows: bounds per group, what each choice prefers, and independence from other groups.
#include "rewards/data/choice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace lockstep::rewards::data {
namespace {

using base::Random;

std::vector<RowFacts> random_rows(Random& random) {
  std::vector<RowFacts> rows;
  for (uint64_t i = 1 + random.below(60); i > 0; --i) {
    rows.push_back({random.below(6), static_cast<uint32_t>(random.below(100)), static_cast<uint32_t>(random.below(3))});
  }
  return rows;
}

}  // namespace

TEST_CASE("choice: at most n rows of a prompt stay, and all where there are no more") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, "choice");
    const auto rows = random_rows(random);
    std::vector<bool> is_in(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) is_in[i] = random.chance(0.7);
    const size_t n = 1 + random.below(5);
    for (const char* choice : {"first", "shortest", "random", "spread"}) {
      const auto kept = choose_per_prompt(rows, is_in, n, choice, seed);
      std::map<uint64_t, size_t> before, after;
      for (size_t i = 0; i < rows.size(); ++i) {
        CHECK((is_in[i] || !kept[i]));
        before[rows[i].prompt] += is_in[i] ? 1 : 0;
        after[rows[i].prompt] += kept[i] ? 1 : 0;
      }
      for (const auto& [prompt, count] : before) CHECK(after[prompt] == std::min(count, n));
    }
  }
}

TEST_CASE("choice: the first, the shortest, and a spread with both ends") {
  std::vector<RowFacts> rows;
  for (const uint32_t words : {30, 10, 50, 20, 40}) rows.push_back({7, words, 0});
  const std::vector<bool> all(5, true);
  CHECK(choose_per_prompt(rows, all, 2, "first", 0) == std::vector<bool>{true, true, false, false, false});
  CHECK(choose_per_prompt(rows, all, 2, "shortest", 0) == std::vector<bool>{false, true, false, true, false});
  CHECK(choose_per_prompt(rows, all, 3, "spread", 0) == std::vector<bool>{true, true, true, false, false});
  const auto random = choose_per_prompt(rows, all, 2, "random", 1);
  CHECK(random == choose_per_prompt(rows, all, 2, "random", 1));
  int num_other = 0;
  for (uint64_t seed = 2; seed < 20; ++seed) num_other += choose_per_prompt(rows, all, 2, "random", seed) == random ? 0 : 1;
  CHECK(num_other > 8);
}

TEST_CASE("choice: classes end equally frequent, and absent ones do not count") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed, "balance");
    const auto rows = random_rows(random);
    std::vector<bool> is_in(rows.size(), true);
    for (size_t i = 0; i < rows.size(); ++i) is_in[i] = rows[i].class_of != 2;
    const auto kept = choose_per_class(rows, is_in, 0, seed);
    std::map<uint32_t, size_t> before, after;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (is_in[i]) ++before[rows[i].class_of];
      if (kept[i]) ++after[rows[i].class_of];
    }
    size_t least = SIZE_MAX;
    for (const auto& [name, count] : before) least = std::min(least, count);
    for (const auto& [name, count] : before) CHECK(after[name] == least);
    for (const auto& [name, count] : after) CHECK(name != 2);
  }
}

}  // namespace lockstep::rewards::data
