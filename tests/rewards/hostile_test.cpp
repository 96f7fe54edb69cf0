// SPDX-License-Identifier: Apache-2.0
// Completions made to burn time or memory: every built-in reward answers quickly.
#include <doctest/doctest.h>

#include <ctime>

#include "base/text.h"
#include "rewards/combined.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
// For nine rewards on up to two megabytes, in a debug build with sanitizers too; quadratic code would need minutes.
constexpr double kMaxSeconds = 5;

std::string repeated(std::string_view text, size_t bytes) {
  std::string result;
  while (result.size() < bytes) result += text;
  return result;
}

std::string boxed(const std::string& text) { return cat("\\boxed{", text, "}"); }

std::vector<std::pair<std::string, std::string>> hostile_completions() {
  const std::string open_box = repeated("\\boxed{", kMegabyte);
  std::vector<std::pair<std::string, std::string>> all = {
      {"a megabyte of \\boxed{", open_box},
      {"the same, closed", open_box + repeated("}", open_box.size() / 7)},
      {"a megabyte of boxes", repeated("\\boxed{1}", kMegabyte)},
      {"boxes that differ", repeated("\\boxed{1}\\boxed{1.0}\\boxed{2/2}", kMegabyte)},
      {"a megabyte of <answer>", repeated("<answer>", kMegabyte)},
      {"a megabyte of answers", repeated("<answer>1</answer>", kMegabyte)},
      {"a megabyte of <think>", repeated("<think>", kMegabyte)},
      {"a megabyte of </think>", repeated("</think>", kMegabyte)},
      {"a megabyte of <", repeated("<", kMegabyte)},
      {"a megabyte of backslashes", repeated("\\", kMegabyte)},
      {"a megabyte of braces", repeated("{", kMegabyte)},
      {"a million digits", boxed(std::string(1'000'000, '7'))},
      {"digits to the limit", boxed(std::string(4000, '7'))},
      {"a fraction of long numbers", boxed(cat(std::string(2000, '7'), "/", std::string(2000, '3')))},
      {"a power tower", boxed("9^{9^{9^{9}}}")},
      {"a huge exponent", boxed("1e999999999")},
      {"the largest exponent", boxed("1e4096")},
      {"spaces after a number", boxed("5" + std::string(4000, ' ') + "6")},
      {"a megabyte of spaces", boxed("5" + std::string(kMegabyte, ' '))},
      {"nested fractions", boxed(repeated("\\frac{", 4000))},
      {"nested text", boxed(repeated("\\text{", 3600) + "1" + std::string(600, '}'))},
      {"nested dollars", boxed(std::string(4000, '$'))},
      {"nested parentheses", boxed(std::string(2000, '(') + "1" + std::string(2000, ')'))},
      {"minus signs", boxed(std::string(1000, '-') + "1")},
      {"sum of ones", boxed(repeated("1+", 1000) + "1")},
      {"NUL bytes", boxed(std::string(100, '\0')) + std::string(kMegabyte, '\0')},
      {"NUL inside", "<think>a\0b</think><answer>4\0002</answer>"},
      {"ill-formed UTF-8", repeated("\xC3\x28\xFF\xF0\x9F", kMegabyte) + boxed("\xFF\xFE")},
      {"a long thought", "<think>" + repeated("a", kMegabyte) + "b</think><answer>1</answer>"},
      {"thoughts of white space", "<think>" + repeated(" \n", kMegabyte) + "</think><answer>1</answer>"},
      {"clauses", "<answer>" + repeated("Ada is a knight, ", 4000) + "</answer>"},
      {"almost clauses", "<answer>" + repeated(" , ; and", 4000) + "</answer>"},
  };
  return all;
}

TEST_CASE("hostile text: every reward returns within seconds, finite, and gives nothing for it") {
  const Combined rewards(
      {{.type = "accuracy"},
       {.type = "accuracy", .name = "boxed_last", .options = {{"source", "boxed"}, {"answers", "last"}}},
       {.type = "accuracy", .name = "only", .options = {{"answers", "only"}}},
       {.type = "accuracy", .name = "countdown", .options = {{"checker", "countdown"}}},
       {.type = "accuracy", .name = "knights", .options = {{"checker", "knights_knaves"}}},
       {.type = "format"},
       {.type = "format", .name = "tiny", .options = {{"preset", "tiny"}}},
       {.type = "random", .weight = 0},
       {.type = "reflection_words", .weight = 0}},
      0);
  const base::Json row = {{"answer", "42"}, {"numbers", {3, 4}}, {"target", 7}, {"roles", {{"Ada", "knave"}}}};
  const std::string prompt = repeated("a", kMegabyte);
  for (const auto& [name, completion] : hostile_completions()) {
    CAPTURE(name);
    const std::clock_t start = std::clock();  // CPU time: a busy machine must not fail this
    const CombinedScore score = rewards.score({.prompt = prompt, .completion = completion, .columns = &row});
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    CHECK(seconds < kMaxSeconds);
    CHECK(score.status == Status::ok);
    for (size_t i = 0; i < rewards.size(); ++i) {
      CHECK_MESSAGE(score.parts[i].status == Status::ok, rewards.name(i), ": ", score.parts[i].detail);
      if (rewards.name(i).find("format") == std::string::npos && rewards.weight(i) != 0 && rewards.name(i) != "tiny") {
        CHECK_MESSAGE(score.parts[i].value == 0, rewards.name(i));
      }
      CHECK(score.parts[i].detail.size() < 2000);
    }
  }
}

TEST_CASE("hostile gold: a data set cannot burn time either") {
  const Combined rewards({{.type = "accuracy"}}, 0);
  for (const auto& [name, text] : hostile_completions()) {
    CAPTURE(name);
    const base::Json row = gold(text);
    const std::clock_t start = std::clock();  // CPU time: a busy machine must not fail this
    const CombinedScore score = rewards.score({.prompt = "", .completion = "\\boxed{42}", .columns = &row});
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    CHECK(seconds < kMaxSeconds);
    CHECK(score.value == 0);
  }
}

}  // namespace
}  // namespace lockstep::rewards
