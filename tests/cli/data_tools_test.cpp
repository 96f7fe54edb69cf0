// SPDX-License-Identifier: Apache-2.0
// `lockstep data dedup | decontaminate | filter | rewrite | mix | stats | convert` through the binary: a happy path, a report, each wrong argument.
#include "base/file.h"
#include "base/json.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

const std::string kParquet = LOCKSTEP_SOURCE_DIR "/tests/fixtures/parquet/verl.parquet";

std::string write(const ScratchFolder& scratch, const std::string& name, const std::string& content) {
  base::write_file_atomic(scratch.path(name), content);
  return scratch.path(name);
}

}  // namespace

TEST_CASE("data dedup: files in, one file out, and a report") {
  const ScratchFolder scratch;
  const std::string a = write(scratch, "a.jsonl", "{\"prompt\": \"What is 3+4?\"}\n{\"prompt\": \"what is 3 + 4?\"}\n");
  const std::string b = write(scratch, "b.jsonl", "{\"prompt\": \"What is 3-4?\"}\n");
  const std::string out = scratch.path("out.jsonl"), report = scratch.path("report.json");
  const RunResult run = lockstep({"data", "dedup", a, b, "--output", out, "--exact", "--report", report});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "3 rows in, 2 out"));
  CHECK(base::read_file(out) == "{\"prompt\": \"What is 3+4?\"}\n{\"prompt\": \"What is 3-4?\"}\n");
  CHECK(base::parse_json_file(report)["exact_duplicates"] == 1);
  CHECK(lockstep({"data", "dedup", kParquet, "--output", out, "--threshold", "0.9"}).exit_code == 0);
  expect_failure({"data", "dedup", a, "--output", out, "--exact", "--minhash"}, 2, "--exact and --minhash exclude each other",
                 "lockstep data dedup", "give one of them");
  expect_failure({"data", "dedup", a, "--output", out, "--threshold", "2"}, 2, "--threshold is 2", "lockstep data dedup",
                 "give a number from 0.01 to 1");
  expect_failure({"data", "dedup", "--output", out}, 2, "IN is missing", "lockstep data dedup", "give IN");
  expect_failure({"data", "dedup", a, "--output", out, "--field", "x"}, 1, "the row has no \"x\"", a + ":1", "name a column");
}

TEST_CASE("data decontaminate: rows that share words with an evaluation file go") {
  const ScratchFolder scratch;
  const std::string train = write(scratch, "train.jsonl", "{\"prompt\": \"name three big rivers now\"}\n{\"prompt\": \"name a river\"}\n");
  const std::string eval = write(scratch, "eval.jsonl", "{\"question\": \"Three big rivers?\", \"answer\": \"x\"}\n");
  const std::string out = scratch.path("out.jsonl");
  const RunResult run = lockstep({"data", "decontaminate", train, "--against", eval, "--output", out});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "2 rows in, 1 out"));
  CHECK(base::read_file(out) == "{\"prompt\": \"name a river\"}\n");
  expect_failure({"data", "decontaminate", train, "--output", out}, 2, "--against is missing", "lockstep data decontaminate", "give --against");
}

TEST_CASE("data rewrite, data mix: from samples to the rows of the next stage") {
  const ScratchFolder scratch;
  const std::string in = write(scratch, "in.jsonl",
                               "{\"prompt\": \"1+1\", \"completion\": \"<think> two </think> <answer> 2 </answer>\", \"answer\": \"2\"}\n"
                               "{\"prompt\": \"1+1\", \"completion\": \"two\", \"answer\": \"2\"}\n");
  const std::string rewritten = scratch.path("rewritten.jsonl"), mixed = scratch.path("mixed.jsonl"), report = scratch.path("report.json");
  const std::string tiny = "output=<think>{reasoning}</think><answer>{answer}</answer>";
  const RunResult run = lockstep({"data", "rewrite", in, "--output", rewritten, "--set", tiny});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "2 rows in, 1 out\n  no thought: dropped 1; the first is " + in + ":2\n"));
  CHECK(base::read_file(rewritten) == "{\"prompt\":\"1+1\",\"completion\":\"<think>two</think><answer>2</answer>\",\"answer\":\"2\"}\n");
  expect_failure({"data", "rewrite", in, "--output", rewritten, "--set", "output=<think>{reason}"}, 1, "the template has no place {reason}", "/output",
                 "did you mean {reasoning}?");
  const std::string rules = write(scratch, "mix.json", "{\"inputs\": [{\"path\": \"" + in + "\", \"repeat\": 3}]}");
  const RunResult mix = lockstep({"data", "mix", rewritten, "--rules", rules, "--output", mixed, "--report", report, "--set", "seed=4"});
  CHECK(mix.exit_code == 0);
  CHECK(contains(mix.out, "7 rows out\n"));
  CHECK(base::parse_json_file(report)["rows_out"] == 7);
  expect_failure({"data", "mix", "--output", mixed}, 1, "there are no inputs", "/inputs", "name files");
}

TEST_CASE("data filter: rules from a file and from the command line") {
  const ScratchFolder scratch;
  const std::string in = write(scratch, "in.jsonl",
                               "{\"prompt\": \"1+1\", \"completion\": \"\\\\boxed{2}\", \"answer\": \"2\"}\n"
                               "{\"prompt\": \"1+1\", \"completion\": \"so \\\\boxed{2}\", \"answer\": \"2\"}\n"
                               "{\"prompt\": \"1+1\", \"completion\": \"\\\\boxed{3}\", \"answer\": \"2\"}\n");
  const std::string rules = write(scratch, "rules.json", "{\"rewards\": [{\"type\": \"accuracy\"}]}  // correct ones");
  const std::string out = scratch.path("out.jsonl");
  const RunResult run = lockstep({"data", "filter", in, "--output", out, "--rules", rules, "--set", "max_per_prompt=1"});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "3 rows in, 1 out"));
  CHECK(contains(run.out, "score: dropped 1"));
  expect_failure({"data", "filter", in, "--output", out, "--set", "max_word=3"}, 1, "unknown key \"max_word\"", "--set/max_word", "did you mean");
  CHECK(contains(lockstep({"config", "filter"}).out, "max_repeated_share"));
}

TEST_CASE("data stats and convert: Parquet in verl's shape is counted, and written in others") {
  const ScratchFolder scratch;
  const std::string out = scratch.path("out.jsonl");
  const RunResult stats = lockstep({"data", "stats", kParquet, "--json"});
  CHECK(stats.exit_code == 0);
  CHECK(base::parse_json(stats.out, "stats")["shapes"]["verl"] == 50);
  CHECK(contains(lockstep({"data", "stats", kParquet}).out, "50 rows"));
  const RunResult run = lockstep({"data", "convert", kParquet, "--to", "jsonl", "--shape", "trl", "--output", out});
  CHECK(run.out == "read 50 verl; wrote 50 trl rows to " + out + "\n");
  const RunResult back = lockstep({"data", "convert", out, "--shape", "verl", "--output", scratch.path("back.jsonl")});
  CHECK(back.exit_code == 0);
  const RunResult again = lockstep({"data", "stats", scratch.path("back.jsonl"), "--json"});
  for (const char* part : {"shapes", "lengths", "classes", "without_gold"}) {
    CHECK(base::parse_json(again.out, "stats")[part] == base::parse_json(stats.out, "stats")[part]);
  }
  expect_failure({"data", "convert", out, "--shape", "xml", "--output", out}, 2, "unknown shape xml", "lockstep data convert", "give trl");
  expect_failure({"data", "convert", out, "--to", "parquet", "--shape", "trl", "--output", out}, 2, "unknown format parquet",
                 "lockstep data convert", "give jsonl");
}

}  // namespace lockstep::test
