// SPDX-License-Identifier: Apache-2.0
// Answers made to burn time or memory: each is judged within milliseconds, and none is equal to what it is not.
#include <doctest/doctest.h>

#include <ctime>
#include <functional>

#include "base/text.h"
#include "rewards/math/extract.h"
#include "tests/rewards/math/cases.h"
#include "tests/rewards/math/hostile.h"

namespace lockstep::rewards::math {
namespace {

// Measured by `reward_bench --hostile`: below 10 ms in a release build. A debug build with sanitizers is some twenty times
// slower, and a test must not fail because a machine is busy.
constexpr double kMaxSeconds = 0.2;

double seconds_of(const std::function<void()>& action) {
  const std::clock_t start = std::clock();  // CPU time: a busy machine must not fail this
  action();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST_CASE("hostile answers: judged in time, against small answers and against themselves") {
  const std::vector<std::string> answers = hostile_answers();
  for (const std::string& text : answers) {
    CAPTURE(text.substr(0, 80));
    for (const std::string& other : partners(text)) {
      Verdict verdict;
      const double seconds = seconds_of([&] { verdict = judge_texts(text, other); });
      CHECK_MESSAGE(seconds < kMaxSeconds, seconds, " s against ", other.substr(0, 80));
      CHECK_FALSE(judge_texts("42", text).is_equal);
    }
  }
}

TEST_CASE("hostile answers: a comparison does not spend more steps than it may, and repeats step by step") {
  for (const std::string& text : hostile_answers()) {
    CAPTURE(text.substr(0, 80));
    for (const std::string& other : partners(text)) {
      const Answer gold = read_answer(text), prediction = read_answer(other);
      for (const int64_t max_steps : {0, 1, 1000, 250'000}) {
        const Limits limits = {.max_steps = max_steps};
        const Verdict verdict = judge(gold, prediction, {}, limits), again = judge(gold, prediction, {}, limits);
        CHECK(verdict.num_steps <= max_steps);
        CHECK(again.num_steps == verdict.num_steps);
        CHECK(again.is_equal == verdict.is_equal);
        CHECK(again.reason == verdict.reason);
      }
    }
  }
}

TEST_CASE("hostile answers: what a comparison decides with few steps, it decides alike with more") {
  for (const auto& [gold, prediction] :
       std::vector<std::pair<const char*, const char*>>{{"\\frac{1}{2}+\\frac{1}{3}", "\\frac{5}{6}"},
                                                        {"\\sqrt{8}", "2\\sqrt{2}"},
                                                        {"(x+1)^2", "x^2+2x+1"},
                                                        {"\\sin^2 x + \\cos^2 x", "1"},
                                                        {"2^{100}", "2^{101}"},
                                                        {"1,2,3", "3,2,1"},
                                                        {"[0,1)", "0 \\le x < 1"}}) {
    CAPTURE(gold);
    const Verdict full = judge_texts(gold, prediction);
    REQUIRE(full.num_steps > 0);
    const Answer a = read_answer(gold), b = read_answer(prediction);
    for (int64_t steps = 1; steps < full.num_steps; steps += 1 + full.num_steps / 100) {
      CHECK_FALSE((judge(a, b, {}, {.max_steps = steps}).is_equal && !full.is_equal));
    }
    CHECK(judge(a, b, {}, {.max_steps = full.num_steps}).is_equal == full.is_equal);
  }
}

TEST_CASE("hostile answers: a tower of powers costs as the square of its height at most, not two to it") {
  const auto steps = [](int height) {
    return judge_texts(cat("3.2 \\times 10", repeated("^50", static_cast<size_t>(height))), "42").num_steps;
  };
  for (int height = 4; height <= 16; height *= 2) CHECK(steps(2 * height) <= 5 * steps(height));
}

TEST_CASE("hostile answers: a subscript that is no numeral is a name") {
  for (const char* text :
       {"5_e", "5_{1e}", "5_{e-}", "5_{1e-}", "5_{-}", "5_{.}", "12_{one}", "12_{elevenses}", "(5)_e"}) {
    CAPTURE(text);
    CHECK_FALSE(are_equal("5", text));
    CHECK_FALSE(are_equal("12", text));
  }
  CHECK(are_equal("121_{9}", "121_{nine}"));
}

TEST_CASE("hostile completions: what makes other verifiers hang is read in time and equals nothing small") {
  for (const std::string& text : hostile_completions()) {
    CAPTURE(text.substr(0, 80));
    Verdict verdict;
    const double seconds = seconds_of([&] {
      const auto found = extract(text, {});
      if (found.answer) verdict = judge_texts("42", *found.answer);
    });
    CHECK(seconds < kMaxSeconds);
    CHECK_FALSE(verdict.is_equal);
  }
}

TEST_CASE("hostile answers: values beyond every budget differ where they differ") {
  CHECK(are_equal("7^{10000000}", "7 \\cdot 7^{9999999}"));
  CHECK_FALSE(are_equal("7^{10000000}", "7^{10000001}"));
  CHECK_FALSE(are_equal("1000000000!", "1000000001!"));
  CHECK(are_equal("1000000000!", "1000000000!"));
  CHECK_FALSE(are_equal("9^{9^{9^{9}}}", "9^{9^{9^{8}}}"));
  CHECK_FALSE(are_equal("\\frac{1}{2004!}", "\\frac{1}{2006!}"));
  CHECK_FALSE(are_equal("10^{-300}", "10^{-301}"));
  CHECK_FALSE(are_equal("e^{-1000}", "0"));
  CHECK(judge_texts("\\sum_{k=1}^{10^9} k", "5 \\cdot 10^{17}").is_equal == false);
}

TEST_CASE("hostile completions: the answer is found in linear time") {
  constexpr size_t kMegabyte = size_t{1} << 20;
  const auto filled = [&](std::string_view text) { return repeated(text, kMegabyte / text.size()); };
  for (const std::string& text : {filled("\\boxed{"),
                                  filled("\\boxed{1}"),
                                  filled("\\boxed 1"),
                                  filled("\\boxed{1} and \\boxed{2} "),
                                  filled("$"),
                                  filled("$1$"),
                                  filled("\\("),
                                  filled("\\[1\\]"),
                                  filled("answer is "),
                                  filled("final answer: 1. "),
                                  filled("The answer is $1$ and $2$ "),
                                  filled("####"),
                                  filled("#### 1\n"),
                                  filled("<answer>"),
                                  filled("<answer>1</answer>"),
                                  filled("</think>"),
                                  filled("1,2,"),
                                  filled("is "),
                                  filled(" "),
                                  filled("a"),
                                  filled("{"),
                                  cat("answer is ", filled("is ")),
                                  cat("answer: ", filled("$a$, "))}) {
    CAPTURE(text.substr(0, 40));
    for (const char* rule : {"join", "last", "agree"}) {
      const double seconds = seconds_of([&] {
        extract(text, {.sources = {"answer_tag", "boxed", "final_answer", "hashes", "last_formula", "last_number"},
                       .boxes = rule});
      });
      CHECK_MESSAGE(seconds < 20 * kMaxSeconds, seconds);
    }
  }
}

}  // namespace
}  // namespace lockstep::rewards::math
