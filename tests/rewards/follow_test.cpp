// SPDX-License-Identifier: Apache-2.0
// General tasks: instructions carried out anew from the prompt, gold completions that earn what they should, and who am I.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <set>

#include "base/text.h"
#include "rewards/registry.h"
#include "rewards/tasks/corpus.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/task.h"
#include "rewards/tasks/words.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;
using Words = std::vector<std::string>;

// What a terse instruction asks for, worked out from its text alone; nothing for what is no instruction.
std::optional<std::string> carried_out(const std::string& text) {
  std::string a, b, list;
  if (RE2::FullMatch(text, "swap ([a-z]+) ([a-z]+)", &a, &b)) return b + " " + a;
  if (RE2::FullMatch(text, "say ([a-z]+) twice", &a)) return a + " " + a;
  if (RE2::FullMatch(text, "say ([a-z]+)", &a)) return a;
  if (RE2::FullMatch(text, "first of ([a-z ]+)", &list)) return base::split(list, ' ').front();
  if (RE2::FullMatch(text, "last of ([a-z ]+)", &list)) return base::split(list, ' ').back();
  return std::nullopt;
}

std::string instruction_in(const Json& row) {
  std::string text;
  REQUIRE(RE2::FullMatch(row["prompt"].get<std::string>(), "User: (.+)\nAssistant:", &text));
  return text;
}

double reward_of(const char* type, const Json& options, const Json& row) {
  const auto reward = make_reward({.type = type, .options = options}, 0, "");
  const Score score = score_text(*reward, row["completion"].get<std::string>(), row, row["prompt"].get<std::string>());
  return score.status == Status::ok ? score.value : -1;
}

}  // namespace

TEST_CASE("follow: every answer is what the instruction asks for, over words of the corpus, of all kinds and lengths") {
  const Task task("follow", {{"max_words", 5}});
  const std::set<std::string_view> known(simple_words().begin(), simple_words().end());
  std::set<std::string> kinds;
  std::set<int64_t> lengths;
  for (uint64_t index = 0; index < 600; ++index) {
    const Json row = task.make(3, index % 3 == 0 ? Split::eval : Split::train, index);
    const std::string text = instruction_in(row);
    CHECK(row["answer"] == carried_out(text).value_or("no instruction"));
    for (const std::string& word : base::split(row["answer"].get<std::string>(), ' ')) CHECK(known.count(word) == 1);
    CHECK_FALSE(row.contains("completion"));
    kinds.insert(row["kind"].get<std::string>());
    lengths.insert(row["difficulty"].get<int64_t>());
  }
  CHECK(kinds == std::set<std::string>{"say", "twice", "swap", "first", "last"});
  CHECK(lengths == std::set<int64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("follow: a word that is held out for one instruction is trained with others") {
  std::set<std::string> held_out, trained, trained_otherwise;
  for (uint64_t index = 0; index < 800; ++index) {
    held_out.insert(Task("follow", {{"kind", "say"}}).make(0, Split::eval, index)["answer"].get<std::string>());
    trained.insert(Task("follow", {{"kind", "say"}}).make(0, Split::train, index)["answer"].get<std::string>());
    trained_otherwise.insert(Task("follow", {{"kind", "last"}}).make(0, Split::train, index)["answer"].get<std::string>());
  }
  CHECK(held_out.size() >= 2);
  CHECK(held_out.size() + trained.size() == 80);
  for (const std::string& word : held_out) CHECK(trained_otherwise.count(word) == 1);
}

TEST_CASE("follow, version_probe: gold completions are right, and of the tiny form with a thought") {
  for (const char* name : {"follow", "version_probe"}) {
    for (uint64_t index = 0; index < 100; ++index) {
      const Json plain = Task(name, {{"completion", "answer"}}).make(1, Split::train, index);
      const Json thought = Task(name, {{"completion", "think"}}).make(1, Split::train, index);
      CHECK(plain["completion"] == cat(" <answer>", plain["answer"].get<std::string>(), "</answer>"));
      CHECK(reward_of("accuracy_exact", Json::object(), plain) == 1);
      CHECK(reward_of("accuracy_exact", Json::object(), thought) == 1);
      CHECK(reward_of("format", {{"preset", "tiny"}}, plain) == 0);
      CHECK(reward_of("format", {{"preset", "tiny"}}, thought) == 1);
      CHECK(plain["prompt"] == thought["prompt"]);
    }
  }
  const Json chat = Task("follow", {{"completion", "answer"}, {"style", "chat"}}).make(1, Split::train, 0);
  CHECK(chat["completion"].get<std::string>().rfind("<answer>", 0) == 0);
}

TEST_CASE("version_probe: the name is the answer to every wording, and some wordings are held out") {
  std::set<std::string> train, eval;
  for (uint64_t index = 0; index < 400; ++index) {
    const Json row = Task("version_probe", {{"name", "Tiny 1.0"}}).make(0, Split::train, index);
    CHECK(row["answer"] == "Tiny 1.0");
    train.insert(row["prompt"].get<std::string>());
    eval.insert(Task("version_probe").make(0, Split::eval, index)["prompt"].get<std::string>());
  }
  CHECK(train.size() == 13);
  CHECK(eval.size() == 3);
  for (const std::string& prompt : eval) CHECK(train.count(prompt) == 0);
  CHECK(Task("version_probe").make(0, Split::train, 0)["answer"] == "Lockstep");
  for (const Json& bad : {Json(""), Json("a\nb"), Json("</answer>"), Json(std::string(65, 'x')), Json(1)}) {
    expect_error([&] { Task("version_probe", {{"name", bad}}); }, "is no short line of text", "task version_probe, parameter name",
                 "1 to 64 bytes");
  }
}

TEST_CASE("follow_document: the corpus shows instructions carried out in three forms, of the train split only") {
  std::map<std::string, int> forms;
  for (uint64_t index = 0; index < 2000; ++index) {
    const std::string text = corpus_document({.follow_share = 1}, 5, index);
    CHECK(corpus_form({.follow_share = 1}, 5, index) == "follow");
    std::string instruction, answer, tagged;
    if (RE2::FullMatch(text, "User: (.+)\nAssistant: ([a-z ]+)", &instruction, &answer)) {
      ++forms["plain"];
    } else if (RE2::FullMatch(text, "User: (.+)\nAssistant: <answer>([a-z ]+)</answer>", &instruction, &answer)) {
      ++forms["answer"];
    } else {
      REQUIRE(RE2::FullMatch(text, "User: (.+)\nAssistant: <think>[a-z ]+</think><answer>([a-z ]+)</answer>", &instruction, &answer));
      ++forms["think"];
    }
    CHECK(carried_out(instruction) == answer);
    std::string word;
    if (RE2::FullMatch(instruction, "say ([a-z]+)", &word)) CHECK(split_of("say:" + word) == Split::train);
  }
  CHECK(forms["plain"] > 900);
  CHECK(forms["answer"] > 400);
  CHECK(forms["think"] > 400);
}

}  // namespace lockstep::rewards
