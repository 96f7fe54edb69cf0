// SPDX-License-Identifier: Apache-2.0
// The format reward: what passes each preset.
#include <doctest/doctest.h>

#include "rewards/builtin.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

struct Case {
  const char* text;
  double r1;
  const char* why;  // part of the detail when it fails
};

TEST_CASE("format r1: each tag once, in order, filled, nothing outside") {
  const Format format("format", {});
  const std::vector<Case> cases = {
      {"<think>\nadd them\n</think>\n<answer>\n42\n</answer>", 1, ""},
      {"<think>add them</think><answer>42</answer>", 1, ""},
      {" \r\n<think>a < b</think>\r\n<answer>42</answer>\n", 1, ""},
      {"<think>\n\n</think><answer>42</answer>", 0, "the think block is empty"},
      {"<think>x</think><answer> </answer>", 0, "the answer is empty"},
      {"x</think><answer>42</answer>", 0, "unexpected </think>"},
      {"<answer>42</answer>", 0, "unexpected <answer>"},
      {"<think>x</think>", 0, "<answer> is missing"},
      {"<think>x</think><answer>42", 0, "</answer> is missing"},
      {"<think>x</think><answer>42</answer> done", 0, "text after </answer>"},
      {"Sure! <think>x</think><answer>42</answer>", 0, "text before <think>"},
      {"<think>x</think> so <answer>42</answer>", 0, "text between the blocks"},
      {"<think>x</think><answer>42</answer><answer>42</answer>", 0, "unexpected <answer>"},
      {"<think>x</think><think>y</think><answer>42</answer>", 0, "unexpected <think>"},
      {"<think><think>x</think></think><answer>42</answer>", 0, "unexpected <think>"},
      {"<think>x<answer>1</answer></think><answer>42</answer>", 0, "unexpected <answer>"},
      {"<answer>42</answer><think>x</think>", 0, "unexpected <answer>"},
      {"<think>x</think><answer>42</answer><think>y</think>", 0, "unexpected <think>"},
      {"<Think>x</Think><answer>42</answer>", 0, "unexpected <answer>"},
      {"", 0, "<think> is missing"},
  };
  for (const Case& c : cases) {
    const Score score = score_text(format, c.text, gold("42"));
    CHECK_MESSAGE(score.value == c.r1, c.text);
    CHECK_MESSAGE((score.detail == c.why || score.detail.find(c.why) == 0), score.detail);
  }
}

TEST_CASE("format r1: with a think block opened by the prompt the completion must not open one") {
  const Format automatic("format", {});
  const Format forced("format", {.think_open_in_prompt = "yes"}), never("format", {.think_open_in_prompt = "no"});
  const char* prompt = "What is 6 * 7?\nAssistant: <think>\n";
  const char* closed_only = "add them</think><answer>42</answer>";
  const char* both = "<think>add them</think><answer>42</answer>";
  CHECK(score_text(automatic, closed_only, gold("42"), prompt).value == 1);
  CHECK(score_text(automatic, both, gold("42"), prompt).value == 0);
  CHECK(score_text(automatic, "</think><answer>42</answer>", gold("42"), prompt).detail == "the think block is empty");
  CHECK(score_text(forced, closed_only, gold("42")).value == 1);
  CHECK(score_text(never, both, gold("42"), prompt).value == 1);
}

TEST_CASE("format r1: without required answer tags, text must follow the thinking") {
  const Format format("format", {.require_answer = false});
  CHECK(score_text(format, "<think>x</think> It is \\boxed{42}.", gold("42")).value == 1);
  CHECK(score_text(format, "<think>x</think> ", gold("42")).detail == "nothing after </think>");
  CHECK(score_text(format, "It is \\boxed{42}.", gold("42")).value == 0);
}

TEST_CASE("format r1: copies of the prompt and placeholders are no thoughts") {
  const Format format("format", {}), lenient("format", {.refuse_echo = false});
  for (const char* text : {"<think>What  is 6 * 7?</think><answer>42</answer>",
                           "<think> reasoning process here </think><answer>42</answer>",
                           "<think>Thinking process here</think><answer>42</answer>"}) {
    CHECK_MESSAGE(score_text(format, text, gold("42")).detail == "the think block copies the prompt", text);
    CHECK(score_text(lenient, text, gold("42")).value == 1);
  }
  CHECK(score_text(format, "<think>x</think><answer> answer here </answer>", gold("42")).detail ==
        "the answer is a placeholder");
}

TEST_CASE("format tiny: the strict form, ended by the model itself") {
  const Format format("format", {.preset = "tiny"});
  const auto value = [&](const char* text, bool is_terminated = true) {
    return score_text(format, text, gold("42"), "User: 6+8=?\nAssistant:", is_terminated).value;
  };
  CHECK(value(" <think>maybe 18 wait 2+5=7</think><answer>17</answer>") == 1);
  CHECK(value("<think>x</think><answer>17</answer>") == 1);
  CHECK(value(" <think>x</think><answer>17</answer>", false) == 0);
  CHECK(value("  <think>x</think><answer>17</answer>") == 0);
  CHECK(value(" <think>x</think> <answer>17</answer>") == 0);
  CHECK(value(" <think></think><answer>17</answer>") == 0);
  CHECK(value(" <think>a<b</think><answer>17</answer>") == 0);
  CHECK(value(" <think>x</think><answer>17</answer> ") == 0);
  CHECK(value(" <think>x\n</think><answer>17</answer>") == 1);
  CHECK(value(" <think>\xFF</think><answer>17</answer>") == 1);
}

}  // namespace
}  // namespace lockstep::rewards
