// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: the fields of an evaluation on a task or a file, reproducible, and wrong use.
#include "base/file.h"
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

TEST_CASE("eval: several sources give an entry each; samples become a file that compare reads") {
  const ScratchFolder scratch;
  const auto rows = scratch.write("rows.jsonl", "{\"prompt\": \"User: 1+2=?\", \"answer\": \"3\"}\n{\"prompt\": \"User: 1+3=?\", \"answer\": \"4\"}\n");
  const auto samples = scratch.path("samples.jsonl"), output = scratch.path("eval.json");
  const std::vector<std::string> words = {"--task", "chain_sum", "--data", rows, "--prompts", "3", "--samples", "2", "--k", "1", "--samples-out", samples};
  const auto run = eval(words);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const auto json = base::parse_json(run.out, "output");
  CHECK(json["chain_sum"]["num_prompts"] == 3);
  CHECK(json[rows]["num_prompts"] == 2);
  CHECK(json[rows]["pass_at"].size() == 1);
  CHECK(json[rows]["pass_at_1_ci"].size() == 2);
  int64_t lines = 0;
  base::for_each_line(samples, [&](std::string_view line, size_t) {
    const auto row = base::parse_json(line, samples);
    CHECK(row["num_tokens"].get<int64_t>() <= 5);
    CHECK(row["rewards"].contains("accuracy"));
    ++lines;
  });
  CHECK(lines == 2 * (3 + 2));
  const auto same = lockstep({"eval", "compare", samples, samples});
  CAPTURE(same.err);
  REQUIRE(same.exit_code == 0);
  const auto comparison = base::parse_json(same.out, "output");
  CHECK(comparison["num_prompts"] == 5);
  CHECK(comparison["difference"]["value"] == 0.0);
  CHECK(comparison["ties"] == 5);
  CHECK(contains(lockstep({"eval", "compare", samples, samples, "--table"}).out, "does not leave out 0"));
}

TEST_CASE("eval: a table instead of JSON; with --output the JSON goes into the file") {
  const ScratchFolder scratch;
  const std::vector<std::string> words = {"--task", "chain_sum", "--prompts", "4", "--samples", "2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return eval(more);
  };
  const auto json = with({});
  const auto table = with({"--table"}), both = with({"--output", scratch.path("eval.json")});
  CHECK(contains(table.out, "pass@1 [95 %]"));
  CHECK(contains(table.out, "chain_sum difficulty 4"));
  CHECK(contains(table.out, "chain_sum rewards/accuracy/mean"));
  CHECK(both.out == table.out);
  CHECK(base::read_file(scratch.path("eval.json")) == json.out);
}

TEST_CASE("eval: without an accuracy reward nothing is said to be right or wrong") {
  const auto run = eval({"--task", "chain_sum", "--prompts", "2", "--samples", "1", "--rewards", "[{\"type\": \"format\"}]"});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const auto json = base::parse_json(run.out, "output");
  for (const char* field : {"pass_at_1", "pass_at_k", "cons_at_k", "greedy", "accuracy_reward"}) CHECK(json.at(field).is_null());
  CHECK(json["format"].is_number());
  CHECK(contains(eval({"--task", "chain_sum", "--prompts", "2", "--samples", "1", "--table", "--rewards", "[{\"type\": \"format\"}]"}).out, "no accuracy reward"));
}

TEST_CASE("eval compare: what is no sample file is refused") {
  const ScratchFolder scratch;
  const auto rows = scratch.write("rows.jsonl", "{\"prompt\": \"x\"}\n");
  expect_failure({"eval", "compare", rows, rows}, 1, "the row has no \"source\"", rows + ":1", "give a file that `lockstep eval --samples-out` wrote");
}

TEST_CASE("eval needle: a grid of depths and lengths for each rope scaling, as JSON, table and picture") {
  const ScratchFolder scratch;
  const auto svg = scratch.path("heat.svg"), file = scratch.path("needle.json");
  const auto needle = [&](std::vector<std::string> more) {
    const std::vector<std::string> words = {"eval", "needle", "--model", tiny_model_folder(), "--style", "dialogue", "--lengths", "120,400", "--depths", "0,1",
                                            "--trials", "2", "--digits", "3"};
    more.insert(more.begin(), words.begin(), words.end());
    return lockstep(more);
  };
  const auto run = needle({"--rope-scaling", "none", "--rope-scaling", "{\"rope_type\": \"yarn\", \"factor\": 4}", "--svg", svg});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const auto json = base::parse_json(run.out, "output");
  REQUIRE(json["runs"].size() == 2);
  CHECK(json["runs"][0]["rope_scaling"] == "none");
  CHECK(json["runs"][1]["score"].size() == 2);
  CHECK(json["runs"][1]["score"][0].size() == 2);
  CHECK(json["runs"][0]["prompt_tokens"][1].get<double>() > 256);  // the model's own context
  CHECK(json["runs"][0]["prompt_tokens"][1].get<double>() <= 400);
  CHECK(contains(base::read_file(svg), "rope scaling: none, mean"));
  const auto table = needle({"--output", file});
  CHECK(contains(table.out, "rope scaling: model; % found"));
  CHECK(base::parse_json(base::read_file(file), file)["lengths"] == base::Json{120, 400});
}

TEST_CASE("eval needle: wrong use is refused before the model is opened") {
  const auto refused = [](const std::string& option, const std::string& value, int code, const std::string& what, const std::string& fix) {
    expect_failure({"eval", "needle", "--model", "no/such/model", option, value}, code, what, code == 2 ? "lockstep eval needle" : "--rope-scaling:1", fix);
  };
  refused("--lengths", "512,x", 2, "--lengths 512,x", "give numbers from 16 to ");
  refused("--depths", "2", 2, "--depths 2", "give numbers from 0 to 1");
  refused("--rope-scaling", "[1]", 2, "--rope-scaling is no object: [1]", "give model, none, or {");
}

TEST_CASE("eval: wrong use is refused before the model is opened") {
  const auto refused = [](std::vector<std::string> more, int code, const std::string& what, const std::string& where, const std::string& fix) {
    more.insert(more.begin(), {"eval", "--model", "no/such/model"});
    expect_failure(more, code, what, where, fix);
  };
  refused({}, 2, "neither --task nor --data is given", "lockstep eval", "name a task, or a file of rows");
  refused({"--data", "x", "--task-parameters", "{}"}, 2, "--task-parameters is given 1 times, --task 0 times", "lockstep eval", "give the parameters in the order");
  refused({"--task", "chain_sum", "--samples", "4", "--k", "1,5"}, 2, "--k 1,5 of 4 samples", "lockstep eval", "give whole numbers from 1 to --samples");
  refused({"--task", "chain_sum", "--accuracy-reward", "mine"}, 1, "no reward is named \"mine\"", "/eval/accuracy_reward", "use one of accuracy, format");
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
