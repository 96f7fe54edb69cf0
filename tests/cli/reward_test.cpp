// SPDX-License-Identifier: Apache-2.0
// `lockstep reward`: right answers score, wrong ones do not, rows that cannot be scored are counted and not averaged.
#include "base/json.h"
#include "base/text.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

using base::Json;

const char* const kRows =
    R"({"prompt": "What is 2+3?", "completion": "so \\boxed{5}", "answer": "5"})"
    "\n"
    R"({"prompt": "What is 2+4?", "completion": "so \\boxed{5}", "answer": "6"})"
    "\n"
    R"({"prompt": [{"role": "user", "content": "What is 1+1?"}], "completion": "\u001b[31m\\boxed{2}", "answer": "2"})"
    "\n"
    R"({"prompt": "What is 2+5?", "completion": "\\boxed{7}"})"
    "\n";

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> rows;
  for (const std::string& line : base::split(text, '\n')) {
    if (!line.empty()) rows.push_back(base::parse_json(line, "output"));
  }
  return rows;
}

}  // namespace

TEST_CASE("reward list: every reward is there with its options") {
  const RunResult run = lockstep({"reward", "list"});
  CHECK(run.exit_code == 0);
  for (const char* part : {"accuracy: ", "format: ", "random: ", "checker", "probability"})
    CHECK(contains(run.out, part));
}

TEST_CASE("reward test: --json gives one object a row, and a summary on standard error over the rows that have a score") {
  const ScratchFolder scratch;
  const RunResult run = lockstep({"reward", "test", "accuracy", "--data", scratch.write("s.jsonl", kRows), "--json"});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const std::vector<Json> rows = json_lines(run.out);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0]["value"] == 1.0);
  CHECK(rows[0]["extracted"] == "5");
  CHECK(rows[0]["metrics"]["has_answer"] == 1.0);
  CHECK(rows[1]["value"] == 0.0);
  CHECK(rows[2]["value"] == 1.0);
  CHECK(rows[3]["status"] == "skip");
  CHECK(rows[3]["value"].is_null());
  CHECK(contains(run.err, "mean 0.6667  std 0.5774  ok 3  skip 1"));
}

TEST_CASE("reward test: the table names each row and lets no control byte through") {
  const ScratchFolder scratch;
  const RunResult run = lockstep({"reward", "test", "accuracy", "--data", scratch.write("s.jsonl", kRows)});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "row 1  reward 1.000  accuracy 1.000"));
  CHECK(contains(run.out, "row 2  reward 0.000"));
  CHECK(contains(run.out, "row 4  reward skip"));
  CHECK(contains(run.out, "mean 0.6667"));
  CHECK_FALSE(contains(run.out, "\x1b"));
}

TEST_CASE("reward test: a JSON file gives one reward, a list, or the rewards of a run config, with the same result") {
  const ScratchFolder scratch;
  const std::string data = scratch.write("s.jsonl", kRows);
  const std::string reward = R"({"type": "accuracy", "weight": 2})";
  std::string first;
  for (const std::string& spec :
       {reward, "[" + reward + "]", "{\"rewards\": [" + reward + "], \"seed\": 1} // a run"}) {
    CAPTURE(spec);
    const RunResult run = lockstep({"reward", "test", scratch.write("spec.json", spec), "--data", data, "--json"});
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    CHECK(json_lines(run.out)[0]["value"] == 2.0);
    if (first.empty()) first = run.out;
    CHECK(run.out == first);
  }
}

TEST_CASE("reward test: the coin of the control experiment follows the seed") {
  const ScratchFolder scratch;
  std::string rows;
  for (int i = 0; i < 64; ++i) rows += Json{{"prompt", cat(i)}, {"completion", "x"}}.dump() + "\n";
  const std::string data = scratch.write("s.jsonl", rows);
  const auto flips = [&](const std::string& seed) {
    return lockstep({"reward", "test", "random", "--data", data, "--json", "--seed", seed}).out;
  };
  CHECK(flips("1") == flips("1"));
  CHECK(flips("1") != flips("2"));
}

TEST_CASE("reward test: wrong specs and rows are Errors that name the place") {
  const ScratchFolder scratch;
  const std::string data = scratch.write("s.jsonl", kRows);
  expect_failure({"reward", "test", "acuracy", "--data", data}, 1, "unknown reward type \"acuracy\"", "SPEC/0/type",
                 "did you mean \"accuracy\"?");
  const std::string spec = scratch.write("spec.json", R"([{"type": "accuracy", "wieght": 1}])");
  expect_failure({"reward", "test", spec, "--data", data}, 1, "unknown key \"wieght\"", spec + ":/0/wieght",
                 "did you mean \"weight\"?");
  for (const auto& [row, what] : std::vector<std::pair<std::string, std::string>>{
           {R"({"prompt": 1, "completion": "x"})", "the row has no text \"prompt\""},
           {R"({"prompt": [{"role": "user"}], "completion": "x"})", "the row has no text \"content\""},
           {R"({"prompt": "x"})", "the row has no text \"completion\""},
           {R"([1])", "the row is no object"}}) {
    CAPTURE(row);
    const std::string bad = scratch.write("bad.jsonl", row + "\n");
    expect_failure({"reward", "test", "accuracy", "--data", bad}, 1, what, bad + ":1", "write ");
  }
  const std::string empty = scratch.write("empty.jsonl", "\n");
  expect_failure({"reward", "test", "accuracy", "--data", empty}, 1, "the file has no rows", empty,
                 "write one JSON object");
  expect_failure({"reward", "test", "accuracy"}, 2, "--data is missing", "lockstep reward test", "give --data FILE");
}

TEST_CASE("reward new, build, test, probe: a reward in C++ from nothing, served by this program itself") {
  const ScratchFolder scratch;
  const std::string shell = cat("cd '", scratch.path(), "' && '", LOCKSTEP_BINARY, "' ");
  const auto run = [&](const std::string& words) { return run_program("/bin/sh", {"-c", shell + words}); };
  CHECK(contains(run("reward new my_reward --lang cpp").out, "wrote ./my_reward/my_reward.cpp"));
  CHECK(run("reward list && sh my_reward/build.sh").exit_code == 0);
  const RunResult test = run("reward test my_reward/reward.json --data my_reward/samples.jsonl --json");
  CAPTURE(test.err);
  const std::vector<Json> rows = json_lines(test.out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["value"] == 1.0);
  CHECK(rows[1]["value"] == 0.0);
  CHECK(rows[2]["status"] == "skip");
  CHECK(contains(run("reward probe my_reward/libmy_reward.so").out, "honest right 1.000  honest wrong 0.000"));
  expect_failure({"reward", "new", "My", "--lang", "cpp"}, 1, "\"My\" cannot be a function's name", "NAME", "use lower-case");
}

TEST_CASE("reward test: pairs of prediction and gold need no completion, and a Python file is a reward") {
  const ScratchFolder scratch;
  const std::string pairs = scratch.write("p.jsonl", R"({"pred": "1/2", "gold": "0.5", "form": "answer"})" "\n");
  CHECK(json_lines(lockstep({"reward", "test", "accuracy", "--data", pairs, "--json"}).out)[0]["value"] == 1.0);
  const std::string file = scratch.write("r.py", "def f(completions, **k): return [len(c) for c in completions]\n");
  const RunResult run = lockstep({"reward", "test", file + ":f", "--data", pairs, "--json"});
  CAPTURE(run.err);
  CHECK(json_lines(run.out).at(0)["value"] == 11.0);
  const RunResult probe = lockstep({"reward", "probe", file + ":f"});
  CHECK(probe.exit_code == 1);
  CHECK(contains(probe.out, "huge: a letter  PAYS"));
  CHECK(lockstep({"reward", "probe", "format"}).exit_code == 0);
}

}  // namespace lockstep::test
