// SPDX-License-Identifier: Apache-2.0
// Sample files and the paired comparison of two of them.
#include "rewards/evaluation/compare.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "base/text.h"
#include "tests/rewards/expect_error.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rewards::evaluation {
namespace {

base::Json row(int prompt, int sample, bool is_right) {
  return {{"source", "s"},  {"prompt_id", prompt},    {"sample", sample}, {"prompt", cat("question ", prompt)},
          {"task", "sums"}, {"is_right", is_right}, {"extracted", is_right ? "1" : "2"}};
}

// Prompt i is hard or easy for both models; `gain` is added to the chance of the second. `samples` of each prompt.
SampleFile simulated(uint64_t seed, double gain, int prompts = 120, int samples = 4) {
  base::Random difficulty(7, "difficulty"), draws(seed, "draws");
  SampleFile out;
  for (int p = 0; p < prompts; ++p) {
    const double chance = difficulty.uniform() * 0.7 + gain;
    auto& prompt = out[{"s", p}];
    prompt.prompt = cat("question ", p);
    for (int s = 0; s < samples; ++s) prompt.result.samples.push_back({draws.chance(chance), "1"});
  }
  return out;
}

std::string write(const test::TempFolder& folder, const std::vector<base::Json>& rows) {
  std::string text;
  for (const auto& r : rows) text += r.dump() + "\n";
  return folder.write("samples.jsonl", text);
}

}  // namespace

TEST_CASE("sample files: prompts with their samples in order, whatever the order of the rows") {
  const test::TempFolder folder;
  const auto file = read_sample_file(write(folder, {row(1, 1, true), row(0, 0, false), row(1, 0, false)}));
  REQUIRE(file.size() == 2);
  const auto& prompt = file.at({"s", 1});
  CHECK(prompt.prompt == "question 1");
  CHECK(prompt.result.columns == std::map<std::string, std::string>{{"task", "sums"}});
  REQUIRE(prompt.result.samples.size() == 2);
  CHECK_FALSE(prompt.result.samples[0].is_right);
  CHECK(prompt.result.samples[1].is_right);
  CHECK(prompt.result.samples[1].answer == "1");
}

TEST_CASE("sample files: what is wrong with a row is said, with its line") {
  const test::TempFolder folder;
  const auto refuses = [&](base::Json second, const std::string& what) {
    const auto path = write(folder, {row(0, 0, true), std::move(second)});
    expect_error([&] { read_sample_file(path); }, what, cat(path, ":2"), "give a file that `lockstep eval --samples-out` wrote");
  };
  auto r = row(0, 1, true);
  r.erase("is_right");
  refuses(r, "the row has no \"is_right\"");
  r = row(0, 1, true);
  r["prompt_id"] = "x";
  refuses(r, "\"prompt_id\" is string");
  r = row(0, 1, true);
  r["prompt"] = "another";
  refuses(r, "prompt 0 of s has two texts");
  refuses(row(0, 0, true), "sample 0 of prompt 0 of s occurs twice");
  refuses(base::Json::array(), "the row is array, not an object");
  const auto empty = folder.write("empty.jsonl", "");
  expect_error([&] { read_sample_file(empty); }, "the file has no samples", empty, "give a file");
  auto skipped = row(0, 1, true);
  skipped["is_right"] = nullptr;  // of a prompt that nobody judged
  const auto unjudged = folder.write("unjudged.jsonl", skipped.dump() + "\n");
  expect_error([&] { read_sample_file(unjudged); }, "no samples that were judged", unjudged, "give a file");
}

TEST_CASE("compare: a file with itself differs by exactly nothing") {
  const auto a = simulated(1, 0);
  const auto c = compare(a, a, {});
  CHECK(c.difference.value == 0);
  CHECK(c.difference.interval->low == 0);
  CHECK(c.difference.interval->high == 0);
  CHECK(c.ties == c.num_prompts);
  CHECK_FALSE(c.is_significant());
}

TEST_CASE("compare: exchanging the files negates the difference and exchanges wins and losses") {
  const auto a = simulated(1, 0), b = simulated(2, 0.2);
  const auto there = compare(a, b, {}), back = compare(b, a, {});
  CHECK(there.difference.value == doctest::Approx(-back.difference.value));
  CHECK(there.difference.interval->low == doctest::Approx(-back.difference.interval->high));
  CHECK(there.wins == back.losses);
  CHECK(there.losses == back.wins);
  CHECK(there.ties == back.ties);
  CHECK(there.wins + there.losses + there.ties == 120);
  CHECK(there.is_significant());
  CHECK(there.difference.value == doctest::Approx(there.b.value - there.a.value));
}

TEST_CASE("compare: pairing narrows the interval, and it covers the true difference in about 95 of 100 experiments") {
  int covered = 0, significant = 0;
  for (uint64_t e = 0; e < 300; ++e) {
    const auto c = compare(simulated(2 * e + 10, 0), simulated(2 * e + 11, 0.1), {.num_resamples = 300, .key = e});
    covered += c.difference.interval->low <= 0.1 && 0.1 <= c.difference.interval->high;
    significant += c.is_significant();
    const double alone = c.a.interval->high - c.a.interval->low;
    if (e == 0) CHECK(c.difference.interval->high - c.difference.interval->low < 1.41 * alone);
  }
  CHECK(covered >= 275);  // 285 are expected, 3.8 is the standard error
  CHECK(covered <= 296);
  CHECK(significant > 150);
}

TEST_CASE("compare: prompts that one file lacks are counted and count nowhere; other texts are refused") {
  auto a = simulated(1, 0), b = simulated(2, 0);
  a.erase({"s", 0});
  b.erase({"s", 1});
  b.erase({"s", 2});
  const auto c = compare(a, b, {});
  CHECK(c.num_prompts == 117);
  CHECK(c.num_only_a == 2);
  CHECK(c.num_only_b == 1);
  b.at({"s", 5}).prompt = "something else";
  expect_error([&] { compare(a, b, {}); }, "prompt 5 of s is not the same text in both files", "eval compare", "with the same sources, seed");
  expect_error([&] { compare(a, {}, {}); }, "no prompt in common", "eval compare", "on the same sources");
}

}  // namespace lockstep::rewards::evaluation
