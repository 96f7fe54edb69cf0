// SPDX-License-Identifier: Apache-2.0
// Which final answers count as the same.
#include "rewards/answer.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "rewards/checkers.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

TEST_CASE("answers: dressing does not matter") {
  for (const char* text :
       {"42", " 42 ", "$42$", "$$ 42 $$", "\\(42\\)", "\\[42\\]", "**42**", "\\text{42}", "\\mathrm{42}", "42.",
        "$\\text{42}$.", "\\$42", "\\left42\\right", "4\\!2", "42.0", "84/2", "\\dfrac{84}{2}", "+42"}) {
    CHECK_MESSAGE(answers_equal(text, "42"), text);
  }
  CHECK(answers_equal("10{,}000", "10000"));
  CHECK(answers_equal("10\\,000", "10,000"));
  CHECK(answers_equal("32,\\! 349", "32349"));
  CHECK(
      answers_equal("\xE2\x88\x92"
                    "5",
                    "-5"));
  CHECK(answers_equal("\\left( 1, 2 \\right)", "(1,2)"));
  CHECK(answers_equal("\\frac{\\sqrt{3}}{2}", "\\tfrac{ \\sqrt{3} }{2}"));
}

TEST_CASE("answers: hedges, lists and near misses are wrong") {
  for (const char* text : {"41, 42, 43", "41 or 42", "42 or 41", "42, 42", "{42}{41}", "4 2", "42x", "x42", "-42",
                           "42.0001", "420", "", "answer", "\\boxed{}", "42 43", "(42, 43)", "42\\text{ or }41"}) {
    CHECK_MESSAGE(!answers_equal(text, "42"), text);
  }
  CHECK_FALSE(answers_equal("12", "1 2"));
  CHECK_FALSE(answers_equal("32, 349", "32349"));
  CHECK(answers_equal("32, 349", "32,  349"));
  CHECK_FALSE(answers_equal("(1,2)", "(2,1)"));
  CHECK_FALSE(answers_equal("", ""));
}

TEST_CASE("answers: words compare without case, single letters and latex commands with it") {
  CHECK(answers_equal("Evelyn", "\\text{evelyn}"));
  CHECK(answers_equal("new  york", "New York"));
  CHECK_FALSE(answers_equal("newyork", "New York"));
  CHECK_FALSE(answers_equal("x", "X"));
  CHECK_FALSE(answers_equal("\\delta", "\\Delta"));
}

TEST_CASE("answers: decimals as a model must compare them") {
  CHECK(answers_equal("9.9", "9.90"));
  CHECK_FALSE(answers_equal("9.11", "9.9"));
}

TEST_CASE("choices: one letter in many dresses") {
  for (const char* text : {"B", "b", "(B)", "(b)", "B.", "B)", "B:", "\\text{B}", "\\textbf{(B)}", "Option B",
                           "choice (B)", "(B) Paris", "B. Paris", "B: the second", "$B$"}) {
    CHECK_MESSAGE(answers_equal(text, "B"), text);
    CHECK_MESSAGE(answers_equal(text, "(B)"), text);
  }
  for (const char* text : {"A", "A or B", "B or A", "A) or B)", "B, C", "(A)(B)", "(B)(A)", "A. B. C.", "B) x C) y",
                           "Paris", "AB", "", "ABCD", "B/C", "(B) and (C)"}) {
    CHECK_MESSAGE(!answers_equal(text, "B"), text);
  }
}

TEST_CASE("choices: a gold answer that is no bare choice is compared as text") {
  CHECK_FALSE(answers_equal("J", "J. Smith"));
  CHECK(answers_equal("J. Smith", "j. smith"));
  CHECK_FALSE(answers_equal("A", "a"));
}

TEST_CASE("gold: strings, numbers, boxes and the GSM8K marker are read; all else is no gold") {
  using base::Json;
  const GoldRule rule;
  const auto verdict = [&](const Json& row, const char* answer) { return check_value(row, answer, rule).verdict; };
  CHECK(verdict(gold("42"), "42") == Verdict::right);
  CHECK(verdict(gold(42), "42") == Verdict::right);
  CHECK(verdict(gold(0.5), "1/2") == Verdict::right);
  CHECK(verdict(gold("6 * 7 = 40 + 2.\n#### 42"), "42") == Verdict::right);
  CHECK(verdict(gold("So $\\boxed{41}$, no: $\\boxed{42}$."), "42") == Verdict::right);
  CHECK(verdict(gold("42"), "41") == Verdict::wrong);
  CHECK(check_value({{"solution", "42"}}, "42", {.column = "solution"}).verdict == Verdict::right);
  CHECK(check_value(Json::object(), "42", rule).detail == "the row has no column \"answer\"");
  CHECK(check_value(gold(Json::array({1})), "1", rule).detail ==
        "the column \"answer\" is array, not text or a number");
  CHECK(check_value(gold(nullptr), "1", rule).verdict == Verdict::no_gold);
  CHECK(check_value(gold(true), "true", rule).verdict == Verdict::no_gold);
  CHECK(check_value(gold("  "), "", rule).detail == "the gold answer is empty");
  CHECK(check_value(gold("####"), "", rule).verdict == Verdict::no_gold);
  CHECK(check_value(gold(std::string(5000, '1')), "1", rule).detail == "the gold answer has 5000 bytes");
}

}  // namespace
}  // namespace lockstep::rewards
