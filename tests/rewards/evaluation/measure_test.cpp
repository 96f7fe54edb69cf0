// SPDX-License-Identifier: Apache-2.0
// Measures of whole evaluations: by hand, under permutations, and as JSON.
#include "rewards/evaluation/measure.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/text.h"

namespace lockstep::rewards::evaluation {
namespace {

PromptResult prompt(const std::vector<int>& answers, const std::string& difficulty = "1") {
  PromptResult out;
  for (const int answer : answers) out.samples.push_back({answer == 0, answer < 0 ? "" : cat(answer)});
  out.columns = {{"difficulty", difficulty}};
  return out;
}

std::vector<PromptResult> random_prompts(size_t n, size_t samples) {
  base::Random random(1, "prompts of a test");
  std::vector<PromptResult> out;
  for (size_t i = 0; i < n; ++i) {
    std::vector<int> answers;
    for (size_t s = 0; s < samples; ++s) answers.push_back(static_cast<int>(random.between(-1, 2)));
    out.push_back(prompt(answers, cat(i % 3)));
  }
  return out;
}

}  // namespace

TEST_CASE("measures: pass@1, pass@k and cons@k by hand") {
  const auto m = measure({prompt({0, 1, 0, 2}), prompt({1, 1, -1, 0}, "2"), prompt({-1, -1, -1, -1}, "2")}, {});
  CHECK(m.num_prompts == 3);
  CHECK(m.num_samples == 12);
  CHECK(m.pass_at_1.value == doctest::Approx((0.5 + 0.25 + 0) / 3));
  REQUIRE(m.pass_at.size() == 3);  // 1, 2, 4
  CHECK(m.pass_at.at(1).value == doctest::Approx(m.pass_at_1.value));
  CHECK(m.pass_at.at(2).value == doctest::Approx((5.0 / 6 + 3.0 / 6) / 3));
  CHECK(m.pass_at.at(4).value == doctest::Approx(2.0 / 3));
  CHECK(m.cons_at.at(1).value == doctest::Approx(m.pass_at_1.value));
  CHECK(m.cons_at.at(4).value == doctest::Approx(1.0 / 3));
  CHECK(m.by.at("difficulty").at("1").num_prompts == 1);
  CHECK(m.by.at("difficulty").at("2").num_prompts == 2);
  CHECK(m.by.at("difficulty").at("2").pass_at_1.value == doctest::Approx(0.125));
  CHECK_FALSE(m.by.at("difficulty").at("1").pass_at_1.interval.has_value());
  CHECK(m.by.at("difficulty").at("2").pass_at_1.interval.has_value());
}

TEST_CASE("measures: right answers vote together, wrong ones as they are written, none is no vote") {
  PromptResult p;
  p.samples = {{true, "1/2"}, {true, "0.5"}, {false, "3"}, {false, "4"}, {false, "3"}, {false, ""}, {true, ""}};
  CHECK(votes_of(p) == std::vector<Vote>{0, 0, 1, 2, 1, {}, {}});
}

TEST_CASE("measures: the order of samples changes neither pass@k nor any interval of it; that of prompts no value") {
  auto prompts = random_prompts(40, 6);
  const auto before = measure(prompts, {});
  base::Random random(2, "order");
  for (auto& p : prompts) random.shuffle(p.samples);
  const auto shuffled = measure(prompts, {});
  for (const auto& [k, estimate] : before.pass_at) {
    CHECK(shuffled.pass_at.at(k).value == estimate.value);
    CHECK(shuffled.pass_at.at(k).interval->low == estimate.interval->low);
    CHECK(shuffled.pass_at.at(k).interval->high == estimate.interval->high);
  }
  random.shuffle(prompts);
  const auto moved = measure(prompts, {});
  for (const auto& [k, estimate] : before.pass_at) CHECK(moved.pass_at.at(k).value == doctest::Approx(estimate.value));
  for (const auto& [value, group] : before.by.at("difficulty"))
    CHECK(moved.by.at("difficulty").at(value).pass_at_1.value == doctest::Approx(group.pass_at_1.value));
}

TEST_CASE("measures: pass@k rises with k, lies between pass@1 and 1, and inside of its interval") {
  const auto m = measure(random_prompts(60, 8), {.k = {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  CHECK(m.pass_at.size() == 8);  // 9 is more than there are
  double last = 0;
  for (const auto& [k, estimate] : m.pass_at) {
    CHECK(estimate.value >= last);
    CHECK(estimate.interval->low <= estimate.value);
    CHECK(estimate.interval->high >= estimate.value);
    last = estimate.value;
  }
  CHECK(last <= 1);
}

TEST_CASE("measures: k beyond the prompt with the fewest samples is left out") {
  const auto m = measure({prompt({0, 0, 0, 0}), prompt({0, 1})}, {});
  CHECK(m.pass_at.size() == 2);
  CHECK(m.pass_at_1.value == doctest::Approx(0.75));
}

TEST_CASE("measures: columns of a row that prompts are grouped by; too many values are no grouping") {
  const auto row = base::Json{{"difficulty", 3}, {"task", "chain_sum"}, {"data_source", base::Json::array({1})}, {"answer", "7"}};
  CHECK(group_columns(row) == std::map<std::string, std::string>{{"difficulty", "3"}, {"task", "chain_sum"}});
  std::vector<PromptResult> prompts;
  for (int i = 0; i < 101; ++i) prompts.push_back(prompt({0, 1}, cat(i)));
  CHECK(measure(prompts, {}).by.empty());
  prompts.pop_back();
  CHECK(measure(prompts, {}).by.at("difficulty").size() == 100);
}

TEST_CASE("measures: as JSON, with null where there is no interval") {
  const auto json = measure({prompt({0, 1}), prompt({0, 0})}, {.num_resamples = 0}).to_json();
  CHECK(json["pass_at_1_ci"].is_null());
  CHECK(json["pass_at"]["2"] == 1.0);
  CHECK(json["pass_at_ci"]["2"].is_null());
  CHECK(json["by"]["difficulty"]["1"]["num_prompts"] == 2);
  const auto with = measure({prompt({0, 1}), prompt({0, 0})}, {}).to_json();
  CHECK(with["pass_at_1_ci"] == base::Json{0.5, 1.0});
  CHECK(with["cons_at_ci"]["1"].size() == 2);
}

}  // namespace lockstep::rewards::evaluation
