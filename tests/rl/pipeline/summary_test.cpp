// SPDX-License-Identifier: Apache-2.0
// Tables over seeds: means, intervals and curves are those of the files that the stages leave.
#include "rl/pipeline/summary.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/text.h"
#include "rl/pipeline/markdown.h"
#include "rl/pipeline/measures.h"
#include "rl/pipeline/stage_record.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

namespace pipeline = rl::pipeline;

// A training and an evaluation as they lie in the folder when they are done; every score is `score`.
pipeline::Pipeline finished(const TempFolder& scratch, uint64_t seed, double score) {
  const std::string name = cat("seed", seed);
  for (const char* stage : {"zero", "table"}) {
    std::filesystem::create_directories(scratch.path(cat(name, "/", stage)));
    pipeline::write_record(scratch.path(cat(name, "/", stage)), {"train", {}, {}, true, {{"model/a", 1, cat(seed)}}, 10.0 * static_cast<double>(seed)});
  }
  scratch.write(name + "/zero/eval_before.json", base::Json{{"pass_at_1", 0.1}, {"format", 0.2}}.dump());
  scratch.write(name + "/zero/metrics.jsonl", cat(base::Json{{"stage", "pretrain"}, {"step", 9}, {"eval_pass@1", 0.9}}.dump(), "\n",
                                                  base::Json{{"stage", "grpo"}, {"step", 5}, {"eval_pass@1", score}}.dump(), "\n",
                                                  base::Json{{"stage", "grpo"}, {"step", 6}, {"reward", 1}}.dump(), "\n"));
  scratch.write(name + "/table/results.json",
                base::Json{{"sums", {{"R1", {{"pass_at_1", score}, {"num_prompts", 4}, {"list", {1}}}}, {"other", {{"extra", 2}}}}}}.dump());
  return {scratch.path(name), seed, {{"zero", "train", {}, {}}, {"table", "evaluate", {}, {}}}};
}

}  // namespace

TEST_CASE("summary: the interval is Student's, one value has none") {
  // Sample deviation 1, n = 3: 4.303 / sqrt(3).
  const auto three = pipeline::spread_of({1, 2, 3});
  CHECK(three.mean == doctest::Approx(2));
  CHECK(three.half_width == doctest::Approx(2.484).epsilon(0.001));
  CHECK(three.text() == "2.000 ± 2.484 (1.000 to 3.000)");
  CHECK(pipeline::spread_of({0.5}).text() == "0.500");
  CHECK(pipeline::spread_of({4, 4, 4, 4}).half_width == 0);
  CHECK(pipeline::spread_of(std::vector<double>(50, 1)).n == 50);
}

TEST_CASE("summary: tables of evaluations, curves of trainings, seconds and checksums") {
  const TempFolder scratch;
  const std::string text = pipeline::summarize({finished(scratch, 1, 0.25), finished(scratch, 2, 0.75)});
  CHECK(text.find("Means over seeds 1, 2") == 0);
  CHECK(text.find("| model | pass_at_1 | extra |") != std::string::npos);
  CHECK(text.find("| R1 | 0.500 ± 3.176 (0.250 to 0.750) | - |") != std::string::npos);
  CHECK(text.find("| other | - | 2.000 ± 0.000 (2.000 to 2.000) |") != std::string::npos);
  CHECK(text.find("| 0 | 0.100 ± 0.000 (0.100 to 0.100) | 0.200") != std::string::npos);
  CHECK(text.find("| 5 | 0.500 ± 3.176 (0.250 to 0.750) | - | - | - |") != std::string::npos);
  CHECK(text.find("| 6 |") == std::string::npos);
  CHECK(text.find("0.900") == std::string::npos);
  CHECK(text.find("| zero | train | 15.0 |") != std::string::npos);
  CHECK(text.find("One seed took 30") != std::string::npos);
}

TEST_CASE("summary: a name with a bar stays in its cell") {
  CHECK(pipeline::markdown_table({"a", "b|c"}, {{"1", "|"}}) == "| a | b\\|c |\n|---|---|\n| 1 | \\| |");
}

TEST_CASE("summary: a table shows what says something, once") {
  const base::Json results = {{"pass_at_1", 0.5}, {"format", nullptr}, {"num_prompts", 4}, {"pass_at_1_ci", {0.4, 0.6}}, {"rewards/accuracy/mean", 0.5},
                              {"rewards/accuracy/std", 0.1}, {"rewards/accuracy/skip_ratio", 0.0}, {"rewards/language/mean", 0.9},
                              {"rewards/language/skip_ratio", 0.2}};
  using Words = std::vector<std::string>;
  CHECK(pipeline::shown_measures({{"a", results}}) == Words{"pass_at_1", "rewards/language/mean", "rewards/language/skip_ratio"});
  auto with_format = results;
  with_format["format"] = 0.0;
  CHECK(pipeline::shown_measures({{"a", with_format}}).at(1) == "format");
}

TEST_CASE("summary: one seed alone has no intervals, what is not done is an Error") {
  const TempFolder scratch;
  const auto one = finished(scratch, 1, 0.25);
  CHECK(pipeline::summarize({one}).find("| R1 | 0.250 | - |") != std::string::npos);
  check_error([] { pipeline::summarize({}); }, "no seeds", "seeds", "at least one");
  std::filesystem::remove(scratch.path("seed1/zero/stage.json"));
  check_error([&] { pipeline::summarize({one}); }, "not done", "seed1/zero", "to its end");
}

}  // namespace lockstep::test
