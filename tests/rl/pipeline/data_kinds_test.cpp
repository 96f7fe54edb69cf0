// SPDX-License-Identifier: Apache-2.0
// Stages of rows: a chain of them gives what the tools give one by one, and their configs are checked before they run.
#include "rl/pipeline/data_kinds.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/text.h"
#include "rewards/tasks/task.h"
#include "rl/pipeline/run_pipeline.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

namespace pipeline = rl::pipeline;

bool run(const TempFolder& scratch, const std::string& stages) {
  const auto file = scratch.write("p.json", cat(R"({"seed": 3, "output_dir": ")", scratch.path("run"), R"(", "stages": )", stages, "}"));
  return pipeline::run_pipeline(pipeline::load_pipeline(file, {}), pipeline::data_kinds());
}

size_t count_lines(const std::string& path) {
  size_t count = 0;
  base::for_each_line(path, [&](std::string_view, size_t) { ++count; });
  return count;
}

}  // namespace

TEST_CASE("data stages: task rows are the task's, and what duplicates or shares with an evaluation set goes") {
  const TempFolder scratch;
  const QuietLog quiet;
  rewards::write_task_jsonl(scratch.path("expected.jsonl"), rewards::Task("letter_count"), 3, rewards::Split::train, 40);
  const std::string row = R"({"prompt": "What is the sum of two and three and four and five and six?", "answer": "20"})";
  const std::string extra = scratch.write("extra.jsonl", cat(row, "\n", row, "\n", R"({"prompt": "Something else", "answer": "1"})", "\n"));
  const std::string eval = scratch.write("eval.jsonl", row + "\n");
  CHECK(run(scratch, cat(R"({
    "rows": {"kind": "task", "config": {"task": "letter_count", "count": 40}},
    "one": {"kind": "dedup", "config": {"inputs": [")", extra, R"("], "exact": true}},
    "clean": {"kind": "decontaminate", "config": {"inputs": ["@one"], "against": [")", eval, R"("]}}})")));
  CHECK(base::read_file(scratch.path("run/rows/rows.jsonl")) == base::read_file(scratch.path("expected.jsonl")));
  CHECK(count_lines(scratch.path("run/one/rows.jsonl")) == 2);
  CHECK(base::read_file(scratch.path("run/clean/rows.jsonl")) == R"({"prompt": "Something else", "answer": "1"})" "\n");
  CHECK(base::parse_json_file(scratch.path("run/clean/report.json")).is_object());
}

TEST_CASE("data stages: the filter's rules are a config of the stage, its choices keyed by the pipeline's seed") {
  const TempFolder scratch;
  const QuietLog quiet;
  std::string rows;
  for (int i = 0; i < 20; ++i) rows += cat(base::Json{{"prompt", "p"}, {"completion", cat("c", i)}, {"reward", i % 2}}.dump(), "\n");
  const std::string file = scratch.write("rows.jsonl", rows);
  CHECK(run(scratch, cat(R"({"kept": {"kind": "filter", "config": {"inputs": [")", file, R"("],
    "rules": {"min_reward": 1, "max_per_prompt": 3, "choice": "random"}}}})")));
  CHECK(count_lines(scratch.path("run/kept/rows.jsonl")) == 3);
}

TEST_CASE("data stages: mixing joins files in exact numbers, pairs put the better completion first") {
  const TempFolder scratch;
  const QuietLog quiet;
  std::string rows;
  for (int i = 0; i < 6; ++i) rows += cat(base::Json{{"prompt", cat("p", i / 3)}, {"completion", cat("c", i)}, {"reward", i % 3}}.dump(), "\n");
  const std::string file = scratch.write("rows.jsonl", rows);
  CHECK(run(scratch, cat(R"({
    "some": {"kind": "mix", "config": {"inputs": [{"path": ")", file, R"("}, {"path": ")", file, R"(", "max_rows": 2, "repeat": 3}]}},
    "pairs": {"kind": "pairs", "config": {"inputs": [")", file, R"("], "min_difference": 1}}})")));
  CHECK(count_lines(scratch.path("run/some/rows.jsonl")) == 12);
  CHECK(count_lines(scratch.path("run/pairs/rows.jsonl")) == 2);
  base::for_each_line(scratch.path("run/pairs/rows.jsonl"), [](std::string_view line, size_t) {
    const auto pair = base::parse_json(line, "pairs");
    CHECK(pair.at("margin") == 2);
    CHECK(pair.at("chosen").get<std::string>() == (pair.at("prompt") == "p0" ? "c2" : "c5"));
  });
}

TEST_CASE("data stages: configs are refused before anything runs") {
  const TempFolder scratch;
  check_error([&] { run(scratch, R"({"a": {"kind": "filter"}})"); }, "no inputs", "/stages/a/inputs", "@STAGE");
  check_error([&] { run(scratch, R"({"a": {"kind": "mix"}})"); }, "no inputs", "/stages/a/inputs", "@STAGE");
  check_error([&] { run(scratch, R"({"a": {"kind": "pairs"}})"); }, "no inputs", "/stages/a/inputs", "@STAGE");
  check_error([&] { run(scratch, R"({"a": {"kind": "decontaminate", "config": {"inputs": ["x"]}}})"); }, "no evaluation sets", "/stages/a/against", "rows");
  check_error([&] { run(scratch, R"({"a": {"kind": "task", "config": {"task": "chain_som"}}})"); }, "chain_som", "", "chain_sum");
  check_error([&] { run(scratch, R"({"a": {"kind": "filter", "config": {"inputs": ["x"], "rules": {"min_rewrad": 1}}}})"); }, "min_rewrad",
              "/stages/a/rules", "min_reward");
}

}  // namespace lockstep::test
