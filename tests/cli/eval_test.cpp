// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: the fields of an evaluation on a task or a file, reproducible, and wrong use.
#include "base/json.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

RunResult eval(std::vector<std::string> words) {
  words.insert(words.begin(), {"eval", "--model", tiny_model_folder(), "--max-tokens", "5"});
  return lockstep(words);
}

}  // namespace

TEST_CASE("eval: a task's held-out prompts give every field, the same on each call") {
  const auto run = eval({"--task", "chain_sum", "--task-parameters", "{\"max_terms\": 4}", "--prompts", "5", "--samples", "3"});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  const auto json = base::parse_json(run.out, "output");
  CHECK(json["num_prompts"] == 5);
  CHECK(json["num_samples"] == 15);
  for (const char* field : {"pass_at_1", "pass_at_k", "cons_at_k", "format", "reflection", "truncated", "reward", "greedy"}) {
    CAPTURE(field);
    CHECK(json.at(field).get<double>() >= 0);
    CHECK(json.at(field).get<double>() <= 1);
  }
  CHECK(json["mean_length"].get<double>() <= 5);
  CHECK(json["pass_by_difficulty"].contains("4"));
  CHECK(eval({"--task", "chain_sum", "--task-parameters", "{\"max_terms\": 4}", "--prompts", "5", "--samples", "3"}).out == run.out);
}

TEST_CASE("eval: rows of a file are used once each, with the rewards that are named") {
  const ScratchFolder scratch;
  const auto file = scratch.write("rows.jsonl", "{\"prompt\": \"User: 1+2=?\", \"answer\": \"3\"}\n{\"prompt\": \"User: 1+3=?\", \"answer\": \"4\"}\n");
  const auto run = eval({"--data", file, "--samples", "2", "--rewards", "[{\"type\": \"random\", \"options\": {\"probability\": 1.0}}]"});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  const auto json = base::parse_json(run.out, "output");
  CHECK(json["num_prompts"] == 2);
  CHECK(json["reward"] == 1.0);
}

TEST_CASE("eval: wrong use is refused before the model is opened") {
  const auto refused = [](std::vector<std::string> more, int code, const std::string& what, const std::string& where, const std::string& fix) {
    more.insert(more.begin(), {"eval", "--model", "no/such/model"});
    expect_failure(more, code, what, where, fix);
  };
  refused({}, 2, "exactly one of --task and --data is needed", "lockstep eval", "name a task, or a file of rows");
  refused({"--task", "chain_sum", "--data", "x"}, 2, "exactly one of --task and --data is needed", "lockstep eval", "name a task");
  refused({"--task", "chain_sum", "--rewards", "[{\"type\": \"accuray\"}]"}, 1, "unknown reward type \"accuray\"", "/rewards/0/type", "did you mean \"accuracy\"?");
  refused({"--task", "chain_sum", "--rewards", "[]"}, 1, "there is no reward", "/rewards", "name at least one");
  refused({"--task", "chain_sum", "--min-p", "2"}, 1, "value 2.0 is out of range: 0 to 1", "/sampling/min_p", "");
  refused({"--task", "chain_sum", "--temperature", "x"}, 2, "--temperature is no number: x", "lockstep eval", "give a decimal number");
}

TEST_CASE("eval: an unknown task and malformed JSON on the command line are Errors") {
  for (const auto& [words, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--task", "chain_sums"}, "chain_sum"},
           {{"--task", "chain_sum", "--task-parameters", "{"}, "where: --task-parameters:1"},
           {{"--task", "chain_sum", "--rewards", "{"}, "where: --rewards:1"},
           {{"--data", "no/such/file"}, "where: no/such/file"}}) {
    const auto run = eval(words);
    CAPTURE(run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.empty());
    CHECK(contains(run.err, part));
    CHECK_FALSE(contains(run.err, "fault in Lockstep"));
  }
}

}  // namespace lockstep::test
