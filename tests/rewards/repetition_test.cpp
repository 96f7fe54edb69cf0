// SPDX-License-Identifier: Apache-2.0
// Repetition: the documented vectors, an obvious count as oracle, and texts that would make a careless count slow.
#include "rewards/repetition.h"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <vector>

#include "base/rng.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

double oracle(const std::vector<int32_t>& items, size_t n) {
  if (items.size() < n) return 0;
  std::set<std::vector<int32_t>> unique;
  size_t total = 0;
  for (size_t i = 0; i + n <= items.size(); ++i, ++total) {
    unique.insert({items.begin() + static_cast<std::ptrdiff_t>(i), items.begin() + static_cast<std::ptrdiff_t>(i + n)});
  }
  return 1 - static_cast<double>(unique.size()) / static_cast<double>(total);
}

double words(const char* text, int n, double penalty) {
  return score_text(Repetition("r", {.ngram_size = n, .max_penalty = penalty, .unit = "auto"}), text, gold("1")).value;
}

}  // namespace

TEST_CASE("repetition: the documented vectors, over words") {
  CHECK(words("this this this this this", 2, -1) == -0.75);
  CHECK(words("A B C A B C", 3, -1) == -0.25);
  CHECK(words("a b C A B c", 3, -1) == -0.25);
  CHECK(words("this is a this is a test", 3, -2) == doctest::Approx(-0.4));
  CHECK(words("", 3, -1) == 0);
  CHECK(words("two words", 3, -1) == 0);
}

TEST_CASE("repetition: n-grams are counted exactly for every n") {
  base::Random random(5, "repetition");
  for (int round = 0; round < 300; ++round) {
    std::vector<int32_t> items;
    for (size_t i = 0; i < random.below(40); ++i) items.push_back(static_cast<int32_t>(random.between(-1, round % 5)));
    for (size_t n = 1; n <= 9; ++n) CHECK(repeated_share(items, n) == oracle(items, n));
  }
}

TEST_CASE("repetition: a unit of tokens without tokens is skipped") {
  const Repetition reward("r", {.ngram_size = 3, .max_penalty = -1, .unit = "tokens"});
  CHECK(score_text(reward, "a b c", gold("1")).status == Status::skip);
}

TEST_CASE("repetition: a megabyte takes a moment, whatever it repeats") {
  const auto start = std::chrono::steady_clock::now();
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += "a ";
  CHECK(words(text.c_str(), 1000, -1) < -0.99);
  CHECK(words(std::string(1'000'000, 'x').c_str(), 3, -1) == 0);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

}  // namespace lockstep::rewards
