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

TEST_CASE("format: the table of the reference, case by case") {
  const char* canonical = "<think>\nreason\n</think>\n<answer>\n42\n</answer>";
  struct Row {
    std::string text;
    double open_r1, tag_count, trl, logic_rl;
  };
  const std::vector<Row> rows = {
      {canonical, 1, 1, 1, 1},
      {"<think>reason</think><answer>42</answer>", 0, 0, 1, 1},
      {"<think>\n\n</think>\n<answer>\n42\n</answer>", 1, 1, 1, 1},
      {"reason\n</think>\n<answer>\n42\n</answer>", 0, .75, 0, -1},
      {std::string(canonical) + " more", 0, 1, 1, 1},
      {std::string(canonical) + "\nmore", 1, 1, 1, 1},
      {std::string("Sure. ") + canonical, 0, 1, 0, 1},
      {"<think>\nreason\n</think>\n<answer>\n42", 0, .75, 1, -1},
  };
  for (const Row& row : rows) {
    const auto value = [&](const char* preset) { return score_text(Format("format", {.preset = preset}), row.text, gold("42")).value; };
    CAPTURE(row.text);
    CHECK(value("open_r1") == row.open_r1);
    CHECK(value("tag_count") == row.tag_count);
    CHECK(value("trl") == row.trl);
    CHECK(value("logic_rl") == row.logic_rl);
  }
  CHECK(score_text(Format("format", {.preset = "tinyzero"}), "<think>x</think>\n<answer>1</answer>", gold("42")).value == 0.1);
  CHECK(score_text(Format("format", {.preset = "tinyzero"}), "<answer>1</answer>\n", gold("42")).value == 0);
}

TEST_CASE("format r1: each rule can be lifted, and lifts its own fault only") {
  struct Rule {
    FormatConfig config;
    const char* text;
  };
  const std::vector<Rule> rules = {
      {{.exactly_once = false}, "<think>x</think><answer>42</answer><answer>42</answer>"},
      {{.exactly_once = false}, "<think>x</think><answer>42</answer></answer>"},
      {{.in_order = false}, "<answer>42</answer><think>x</think>"},
      {{.nothing_outside = false}, "so <think>x</think> and <answer>42</answer> done"},
      {{.min_think_chars = 0}, "<think></think><answer>42</answer>"},
  };
  for (const Rule& rule : rules) {
    FormatConfig config = rule.config;
    if (!config.exactly_once) config.nothing_outside = false;
    for (const Rule& other : rules) {
      const bool is_same = other.config.exactly_once == rule.config.exactly_once && other.config.in_order == rule.config.in_order &&
                           other.config.nothing_outside == rule.config.nothing_outside &&
                           other.config.min_think_chars == rule.config.min_think_chars;
      // What stands there twice stands outside the first block as well.
      const bool is_passed = is_same || (!config.nothing_outside && !other.config.nothing_outside);
      CAPTURE(other.text);
      CHECK(score_text(Format("format", config), other.text, gold("42")).value == (is_passed ? 1 : 0));
      CHECK(score_text(Format("format", {}), other.text, gold("42")).value == 0);
    }
  }
  const Format long_thought("format", {.min_think_chars = 5});
  CHECK(score_text(long_thought, "<think>\xC3\xA9t\xC3\xA9s</think><answer>42</answer>", gold("42")).detail == "the think block has 4 characters");
  CHECK(score_text(long_thought, "<think>12345</think><answer>42</answer>", gold("42")).value == 1);
  const Format swapped("format", {.in_order = false});
  CHECK(score_text(swapped, "<answer>42</answer> and <think>x</think>", gold("42")).value == 0);
  CHECK(score_text(swapped, "<answer><think>x</think></answer>", gold("42")).value == 1);
}

TEST_CASE("format r1: partial credit grows fault by fault, from nothing to one") {
  const Format format("format", {.partial_credit = true});
  const std::vector<const char*> ascending = {
      "42",
      "<think>",
      "<think>x</think>",
      "<think>x</think><answer>",
      "<think></think> so <answer></answer> done",
      "<think>x</think> so <answer></answer> done",
      "<think>x</think> so <answer>42</answer> done",
      "<think>x</think><answer>42</answer>",
  };
  double last = -1;
  for (const char* text : ascending) {
    const double value = score_text(format, text, gold("42")).value;
    CAPTURE(text);
    CHECK(value > last);
    last = value;
  }
  CHECK(score_text(format, "42", gold("42")).value == 0);
  CHECK(last == 1);
  CHECK(score_text(format, "<think>x</think> so <answer>42</answer>", gold("42")).value == doctest::Approx(7.0 / 8));
}

}  // namespace
}  // namespace lockstep::rewards
