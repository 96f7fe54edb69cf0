// SPDX-License-Identifier: Apache-2.0
// `lockstep data`: files that are the same on every run, disjoint splits, and each wrong argument.
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  base::for_each_line(path, [&](std::string_view line, size_t) { lines.emplace_back(line); });
  return lines;
}

}  // namespace

TEST_CASE("data make: the same arguments write the same bytes, another seed writes others") {
  const ScratchFolder scratch;
  const auto make = [&](const std::string& name, const std::string& seed) {
    const RunResult run = lockstep({"data", "make", "chain_sum", "--out", scratch.path(name), "--count", "20", "--seed",
                                    seed, "--set", "max_terms=6"});
    CHECK(run.exit_code == 0);
    CHECK(run.out == "wrote 20 rows of chain_sum (train) to " + scratch.path(name) + "\n");
    return base::read_file(scratch.path(name));
  };
  const std::string first = make("a.jsonl", "1");
  CHECK(first == make("b.jsonl", "1"));
  CHECK(first != make("c.jsonl", "2"));
  REQUIRE(lines_of(scratch.path("a.jsonl")).size() == 20);
  const base::Json row = base::parse_json(lines_of(scratch.path("a.jsonl")).front(), "a.jsonl:1");
  CHECK(row["prompt"].is_string());
  CHECK(row["answer"].is_string());
  CHECK(row["task"] == "chain_sum");
}

TEST_CASE("data make: wrong arguments are Errors that say what to do, and write no file") {
  const ScratchFolder scratch;
  const std::string out = scratch.path("x.jsonl");
  const std::vector<std::string> command = {"data", "make", "chain_sum", "--out", out};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), command.begin(), command.end());
    return more;
  };
  expect_failure(command, 2, "--count is missing", "lockstep data make", "give --count N");
  expect_failure(with({"--count", "0"}), 2, "--count is 0", "lockstep data make", "give an integer from 1 to 10000000");
  expect_failure({"data", "make", "--out", out, "--count", "1"}, 2, "TASK is missing", "lockstep data make",
                 "give TASK");
  expect_failure({"data", "mkae"}, 2, "unknown verb: data mkae", "command line", "did you mean `lockstep data make`?");
  for (const std::vector<std::string>& bad :
       {with({"--count", "1", "--split", "test"}), with({"--count", "1", "--set", "max_trems=3"}),
        with({"--count", "1", "--set", "max_terms"}), with({"--count", "1", "--set", "max_terms=-1"}),
        std::vector<std::string>{"data", "make", "chain_smu", "--out", out, "--count", "1"}}) {
    const RunResult run = lockstep(bad);
    CAPTURE(run.err);
    CHECK(run.exit_code == 1);
    CHECK(contains(run.err, "\n  where: "));
    CHECK(contains(run.err, "\n  fix:   "));
  }
  CHECK_THROWS(base::read_file(out));
  CHECK(lockstep({"data", "make", "chain_sum", "--out", scratch.path("no/such/x"), "--count", "1"}).exit_code == 1);
}

TEST_CASE("data tasks: every task that is listed can be made") {
  const RunResult list = lockstep({"data", "tasks"});
  REQUIRE(list.exit_code == 0);
  const ScratchFolder scratch;
  int num_tasks = 0;
  for (const std::string& line : base::split(list.out, '\n')) {
    if (line.empty() || line.front() == ' ') continue;  // a parameter
    const std::string task = line.substr(0, line.find(':'));
    CAPTURE(task);
    CHECK(lockstep({"data", "make", task, "--out", scratch.path(task), "--count", "3"}).exit_code == 0);
    ++num_tasks;
  }
  CHECK(num_tasks >= 5);
}

TEST_CASE("data corpus: documents are rows of text, and their options are checked") {
  const ScratchFolder scratch;
  const std::string out = scratch.path("corpus.jsonl");
  CHECK(lockstep({"data", "corpus", "--out", out, "--count", "50", "--set", "mix=A"}).exit_code == 0);
  const std::vector<std::string> lines = lines_of(out);
  REQUIRE(lines.size() == 50);
  CHECK(base::parse_json(lines.front(), "corpus").at("text").is_string());
  const RunResult run = lockstep({"data", "corpus", "--out", out, "--count", "1", "--set", "mix=Z"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "where: --set/mix"));
}

}  // namespace lockstep::test
