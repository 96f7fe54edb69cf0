// SPDX-License-Identifier: Apache-2.0
// Prompt streams of tasks and files, and the requests made of them.
#include "rl/prompts.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

rl::PromptSource task_source(const std::string& task) {
  rl::PromptSource source;
  source.task = task;
  return source;
}

rl::PromptSource file_source(const std::string& file) {
  rl::PromptSource source;
  source.file = file;
  return source;
}

rl::PromptSet make(const rl::PromptSource& source, bool is_eval, const rl::PromptConfig& format = {}, uint64_t seed = 3) {
  return {source, is_eval, format, tiny_tokenizer(), seed};
}

std::string numbered_rows(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += cat("{\"prompt\": \"question ", i, "\", \"answer\": \"", i, "\"}\n");
  return text;
}

}  // namespace

TEST_CASE("prompts: of a task, training and evaluation never share one, and each is a pure function of the index") {
  for (const char* task : {"chain_sum", "countdown"}) {
    CAPTURE(task);
    const auto train = make(task_source(task), false), eval = make(task_source(task), true);
    CHECK(train.size() == 0);
    std::set<std::string> trained;
    for (const auto& p : train.slice(0, 400)) trained.insert(p.text);
    for (const auto& p : eval.slice(0, 200)) CHECK_FALSE(trained.contains(p.text));
    const auto again = make(task_source(task), false).slice(17, 2);
    CHECK(again[0].row == train.prompt(17).row);
    CHECK(again[1].ids == train.prompt(18).ids);
    CHECK(again[1].id == 18);
    CHECK(make(task_source(task), false, {}, 4).prompt(17).row != again[0].row);
  }
}

TEST_CASE("prompts: of a file, evaluation keeps its order, training visits each row once per epoch in orders of their own") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", numbered_rows(15));
  const auto eval = make(file_source(file), true), train = make(file_source(file), false);
  CHECK(eval.size() == 15);
  for (uint64_t i = 0; i < 30; ++i) CHECK(eval.prompt(i).text == cat("question ", i % 15));
  std::vector<std::vector<std::string>> epochs(2);
  for (const auto& p : train.slice(0, 30)) epochs[p.id / 15].push_back(p.text);
  for (const auto& epoch : epochs) CHECK(std::set<std::string>(epoch.begin(), epoch.end()).size() == 15);
  CHECK(epochs[0] != epochs[1]);
  CHECK(train.prompt(4).text == epochs[0][4]);  // going back asks for another epoch's order
}

TEST_CASE("prompts: ids are those of the prompt format, text is what a person reads, the row is kept") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", "{\"prompt\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"q\"}], \"answer\": \"1\"}\n");
  const auto p = make(file_source(file), true).prompt(0);
  CHECK(p.text == "system: s\nuser: q");
  CHECK(p.row["answer"] == "1");
  CHECK(p.ids == model::prompt_ids(tiny_tokenizer(), {}, {{"system", "s"}, {"user", "q"}}));

  rl::PromptConfig format;
  format.format = "r1_zero";
  format.prefill = "<think>";
  const auto set = make(task_source("chain_sum"), true, format);
  const auto q = set.prompt(0);
  CHECK(q.text == q.row["prompt"].get<std::string>());
  CHECK(q.ids == model::prompt_ids(tiny_tokenizer(), format.to_format(), {{"user", q.text}}));
  CHECK(set.prefill() == "<think>");
}

TEST_CASE("prompts: requests carry the stream's index as the noise's key, the ids and the format's stop ids") {
  const auto set = make(task_source("chain_sum"), false);
  const auto prompts = set.slice(40, 3);
  const auto requests = rl::to_requests(prompts, 5, set);
  REQUIRE(requests.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(requests[i].prompt_id == 40 + i);
    CHECK(requests[i].prompt == prompts[i].ids);
    CHECK(requests[i].num_samples == 5);
    CHECK(requests[i].stop_ids == std::vector<model::TokenId>{*tiny_tokenizer().eos_id()});
  }
}

TEST_CASE("prompts: no source, an unknown task and a bad file are Errors") {
  check_error([] { make({}, true); }, "no prompts are named", "/eval/data", "set \"task\" or \"file\"");
  check_error([] { make({}, false); }, "no prompts are named", "/grpo/data", "set \"task\" or \"file\"");
  check_error([] { make(task_source("chain_sums"), true); }, "chain_sums", "", "chain_sum");
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", "{\"prompt\": \"a\"}\n{\"answer\": \"b\"}\n");
  CHECK(error_of([&] { make(file_source(file), true); }).value().where().find(file + ":2") == 0);
}

}  // namespace lockstep::test
