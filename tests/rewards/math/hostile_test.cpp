// SPDX-License-Identifier: Apache-2.0
// Answers made to burn time or memory: each is judged within milliseconds, and none is equal to what it is not.
#include <doctest/doctest.h>

#include <ctime>
#include <functional>

#include "base/text.h"
#include "tests/rewards/math/cases.h"
#include "rewards/math/extract.h"

namespace lockstep::rewards::math {
namespace {

// 10 ms in a release build; a debug build with sanitizers is some twenty times slower.
constexpr double kMaxSeconds = 0.2;

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string nested(std::string_view open, std::string_view core, std::string_view close, size_t times) {
  return cat(repeated(open, times), core, repeated(close, times));
}

std::vector<std::string> hostile_answers() {
  std::vector<std::string> all = {
      "9^{9^{9}}", "9^{9^{9^{9}}}", "7^{10000000}", "1000000000!", "100000!", "((100!)!)!", "\\binom{10000000}{5000000}",
      "\\sum_{k=1}^{10^9} k", "\\sum_{i=1}^{100}\\sum_{j=1}^{100}\\sum_{k=1}^{100} ijk", "\\prod_{k=1}^{10000} k^k", "x^{2^{100}}",
      "(x+y+z)^{1000000}", "\\sqrt[1000000]{2}", "2^{1/1000003}", "e^{e^{e^{e^{e}}}}", "\\sin(10^{10^{10}})", "10^{-99999}", "1e99999",
      "1e-99999", cat("0.", std::string(4000, '3')), std::string(4090, '7'), cat("\\frac{1}{", std::string(4000, '9'), "}"),
      nested("\\frac{1}{1+", "x", "}", 60), nested("\\frac{", "1", "}{2}", 400), nested("(", "1", ")", 2000), nested("\\sqrt{", "2", "}", 500),
      nested("2^{", "2", "}", 700), nested("{", "1", "}", 2000), nested("|", "x", "|", 1000), nested("\\sin(", "1", ")", 60),
      nested("\\{", "1", "\\}", 1000), nested("\\text{", "1", "}", 500), repeated("-", 4000) + "1", repeated("\\pm", 1000) + "1",
      repeated("1+", 2000) + "1", repeated("x*", 2000) + "x", repeated("1/", 2000) + "1", repeated("x^", 1300) + "x", repeated("1 2 3 4 ", 500),
      cat("5", std::string(4000, ' '), "6"), repeated("1,", 2000) + "1", repeated("\\sqrt{2}+", 400) + "1", repeated("\\sin x+", 500) + "1",
      repeated("x=", 1300) + "x", repeated("1<", 1300) + "2", repeated("(0,1)\\cup", 400) + "(0,1)", repeated("a:", 1300) + "a",
      repeated("\\mathbb{R}\\setminus\\{1\\}\\cup", 140) + "\\emptyset", cat("\\begin{pmatrix}", repeated("1&", 1000), "1\\end{pmatrix}"),
      repeated("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", 60), cat("\\begin{pmatrix}", repeated("1\\\\", 1000), "1\\end{pmatrix}"),
      repeated("\\frac", 800), repeated("{", 4000), repeated("}", 4000), repeated("\\", 4000), repeated("^", 4000), repeated("_", 4000),
      repeated("$", 4000), repeated("!", 4000), cat("3", repeated("!", 4000)), cat("x", repeated("'", 4000)), repeated("\xE2\x88\x9A", 1300) + "2",
      repeated("\xC2\xB2", 2000), repeated("\xEF\xBC\x91", 1300), std::string(4000, '\0'), repeated("\xFF\xFE", 2000),
      repeated("\\log_2", 600) + "8", repeated("f(", 1300) + cat("x", repeated(")", 1300)), cat("\\overline{", std::string(4000, '3'), "}"),
      cat("0.\\overline{", std::string(3900, '3'), "}"), repeated("\\left(", 600), repeated("word ", 800), repeated("5 \\text{ cm}, ", 270),
      cat("\\gcd(", repeated("123456789012345678901234567890,", 130), "7)"), repeated("(x+1)(x-1)/", 350) + "x", repeated("\\lfloor", 501),
      nested("\\int_0^", "1", " x dx", 60), repeated("\\forall x", 400), repeated("x \\in ", 600) + "x"};
  return all;
}

double seconds_of(const std::function<void()>& action) {
  const std::clock_t start = std::clock();  // CPU time: a busy machine must not fail this
  action();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST_CASE("hostile answers: judged in time, against small answers and against themselves") {
  const std::vector<std::string> answers = hostile_answers();
  for (const std::string& text : answers) {
    CAPTURE(text.substr(0, 80));
    for (const std::string& other : std::vector<std::string>{"42", "\\sqrt{2}x+1", cat(text, " "), cat("1+", text), "(1,2)\\cup(3,4)", "1,2,3"}) {
      Verdict verdict;
      const double seconds = seconds_of([&] { verdict = judge_texts(text, other); });
      CHECK_MESSAGE(seconds < kMaxSeconds, seconds, " s against ", other.substr(0, 80));
      CHECK_FALSE(judge_texts("42", text).is_equal);
    }
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
  for (const std::string& text :
       {filled("\\boxed{"), filled("\\boxed{1}"), filled("\\boxed 1"), filled("\\boxed{1} and \\boxed{2} "), filled("$"), filled("$1$"), filled("\\("),
        filled("\\[1\\]"), filled("answer is "), filled("final answer: 1. "), filled("The answer is $1$ and $2$ "), filled("####"), filled("#### 1\n"),
        filled("<answer>"), filled("<answer>1</answer>"), filled("</think>"), filled("1,2,"), filled("is "), filled(" "), filled("a"), filled("{"),
        cat("answer is ", filled("is ")), cat("answer: ", filled("$a$, "))}) {
    CAPTURE(text.substr(0, 40));
    for (const char* rule : {"join", "last", "agree"}) {
      const double seconds = seconds_of([&] {
        extract(text, {.sources = {"answer_tag", "boxed", "final_answer", "hashes", "last_formula", "last_number"}, .boxes = rule});
      });
      CHECK_MESSAGE(seconds < 20 * kMaxSeconds, seconds);
    }
  }
}

}  // namespace
}  // namespace lockstep::rewards::math
