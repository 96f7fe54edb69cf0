// SPDX-License-Identifier: Apache-2.0
// Judging answers: laws that hold for every notation, then judged pairs, then the policies.
#include "rewards/math/judge.h"

#include <doctest/doctest.h>

#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/rewards/math/cases.h"

namespace lockstep::rewards::math {
namespace {

// Every distinct answer text of the fixture that can be a gold answer.
std::vector<std::string> golds() {
  std::set<std::string> texts;
  for (const Case& one : cases()) {
    texts.insert(one.gold);
    if (one.is_equal) texts.insert(one.prediction);
  }
  std::vector<std::string> usable;
  for (const std::string& text : texts) {
    if (!gold_problem(read_answer(text))) usable.push_back(text);
  }
  return usable;
}

bool is_scalar_kind(const std::string& kind) {
  static const std::set<std::string> kinds = {"integer", "decimal", "fraction", "mixed", "scientific",
                                              "radical", "pi",      "constant", "expr",  "complex"};
  return kinds.count(kind) != 0;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

TEST_CASE("judge: every answer equals itself") {
  for (const std::string& text : golds()) CHECK_MESSAGE(are_equal(text, text), text);
}

TEST_CASE("judge: decoration changes nothing") {
  for (const std::string& text : golds()) {
    CAPTURE(text);
    // Markdown may stand around LaTeX, and never LaTeX around Markdown.
    if (text.substr(0, 2) != "**") {
      // What already holds a dollar sign cannot be wrapped in two more.
      const bool has_dollar = text.find('$') != std::string::npos;
      if (!has_dollar) CHECK(are_equal(text, cat("$", text, "$")));
      CHECK(are_equal(text, cat("\\(", text, "\\)")));
      CHECK(are_equal(text, cat("\\boxed{", text, "}")));
      CHECK(are_equal(text, cat("\\displaystyle ", text)));
      CHECK(are_equal(text, cat("\\, ", text, "\\;")));
      CHECK(are_equal(text, cat("**", text, "**")));
    }
    CHECK(are_equal(text, cat("  ", text, "\n")));
    if (text.back() != '.') CHECK(are_equal(text, cat(text, ".")));
    CHECK(are_equal(text, replaced(text, "\\frac", "\\dfrac")));
    CHECK(are_equal(text, replaced(replaced(text, "\\left", ""), "\\right", "")));
    CHECK(are_equal(text, replaced(text, "\\pi", "\xCF\x80")));
    if (text.find("\\\\") == std::string::npos) CHECK(are_equal(text, replaced(text, "+", " + ")));
  }
}

TEST_CASE("judge: Unicode digits and minus signs are digits and minus signs") {
  for (const Case& one : cases()) {
    if (one.kind != "integer" && one.kind != "fraction" && one.kind != "decimal" && one.kind != "radical") continue;
    std::string text = replaced(one.gold, "-", "\xE2\x88\x92");
    for (char digit = '0'; digit <= '9'; ++digit) {
      const char fullwidth[] = {'\xEF', '\xBC', static_cast<char>('\x90' + (digit - '0')), '\0'};
      text = replaced(text, std::string(1, digit), fullwidth);
    }
    CHECK_MESSAGE(are_equal(one.gold, text), one.gold);
  }
}

TEST_CASE("judge: a number is never itself plus one, nor its negative") {
  for (const Case& one : cases()) {
    if (!is_scalar_kind(one.kind) || one.gold.find_first_of("=,<>") != std::string::npos || one.gold == "0") continue;
    CAPTURE(one.gold);
    CHECK_FALSE(are_equal(one.gold, cat("(", one.gold, ")+1")));
    // A decimal of six digits stands for what rounds to it, unless the policy takes it at its word.
    const std::string less = cat("(", one.gold, ")-\\frac{1}{10^{12}}");
    if (one.gold.find('.') == std::string::npos) CHECK_FALSE(are_equal(one.gold, less));
    CHECK_FALSE(are_equal(one.gold, less, {.min_decimal_digits = 1000}));
    CHECK_FALSE(are_equal(cat("(", one.gold, ")+1"), one.gold));
    CHECK_FALSE(are_equal(one.gold, cat("-(", one.gold, ")")));
    CHECK_FALSE(are_equal(one.gold, cat(one.gold, ", 7919")));
    // Of a degree beyond the field of the fingerprints only what is written alike is seen to be equal.
    if (one.gold == "x^{2^{61}}") continue;
    CHECK(are_equal(one.gold, cat("(", one.gold, ")+1-1")));
    CHECK(are_equal(one.gold, cat("2(", one.gold, ")/2")));
  }
}

TEST_CASE("judge: which answer is the gold one matters to no value") {
  for (const Case& one : cases()) {
    if (!is_scalar_kind(one.kind) && one.kind != "set" && one.kind != "list" && one.kind != "matrix" &&
        one.kind != "units")
      continue;
    if (gold_problem(read_answer(one.prediction))) continue;
    CHECK_MESSAGE(are_equal(one.gold, one.prediction) == are_equal(one.prediction, one.gold), one.gold, " | ",
                  one.prediction);
  }
}

// A random polynomial in x, y and n as a sum of products, and the same with its parts in another order.
struct Polynomial {
  std::string one, other;
};
Polynomial random_polynomial(base::Random& random) {
  std::vector<std::string> terms, reversed;
  const uint64_t num_terms = 1 + random.below(4);
  for (uint64_t i = 0; i < num_terms; ++i) {
    std::vector<std::string> factors = {std::to_string(random.between(2, 30))};
    for (uint64_t k = random.below(3); k-- > 0;) {
      factors.push_back(cat("(", random.pick(std::vector<std::string>{"x", "y", "n"}), random.chance(0.5) ? "+" : "-",
                            random.between(1, 9), ")"));
    }
    terms.push_back(base::join(factors, ""));
    random.shuffle(factors);
    reversed.push_back(base::join(factors, " \\cdot "));
  }
  random.shuffle(reversed);
  return {base::join(terms, "+"), base::join(reversed, "+")};
}

TEST_CASE("judge: sums and products commute, and a changed coefficient is noticed") {
  base::Random random(7, "polynomials");
  for (int i = 0; i < 400; ++i) {
    const Polynomial p = random_polynomial(random), q = random_polynomial(random);
    CAPTURE(p.one);
    CHECK(are_equal(p.one, p.other));
    CHECK_FALSE(are_equal(p.one, cat(p.other, "+x")));
    CHECK(are_equal(cat("(", p.one, ")(", q.one, ")"), cat("(", q.other, ")(", p.other, ")")));
    CHECK(are_equal(cat("\\frac{", p.one, "}{", q.one, "}"), cat("(", p.other, ")/(", q.other, ")")));
    CHECK(are_equal(cat("x = ", p.one), cat(p.other, " = x")));
    CHECK(are_equal(cat("y^3 + ", p.one, " = 0"), cat("-2y^3 - 2(", p.other, ") = 0")));
    CHECK_FALSE(are_equal(cat("y^3 + ", p.one, " = 0"), cat("y^3 - (", p.other, ") = 5")));
    CHECK(are_equal(cat("z > ", p.one), cat(p.other, " < z")));
    CHECK_FALSE(are_equal(cat("z > ", p.one), cat(p.other, " > z")));
    CHECK(are_equal(cat("\\sqrt{(", p.one, ")^2}"), cat("|", p.other, "|")));
  }
}

TEST_CASE("judge: random numbers in every notation equal themselves and nothing else") {
  base::Random random(8, "notations");
  for (int i = 0; i < 500; ++i) {
    const int64_t num = random.between(1, 2000), den = random.between(2, 60);
    const std::string fraction = cat("\\frac{", num, "}{", den, "}");
    CHECK(are_equal(fraction, cat(num, "/", den)));
    CHECK(are_equal(fraction, cat("\\frac{", 3 * num, "}{", 3 * den, "}")));
    CHECK_FALSE(are_equal(fraction, cat(num + 1, "/", den)));
    if (num % den != 0 && num > den) {
      CHECK(are_equal(fraction, cat(num / den, " ", num % den, "/", den)));
      CHECK(are_equal(fraction, cat(num / den, "\\frac{", num % den, "}{", den, "}")));
      CHECK_FALSE(are_equal(cat(num / den), cat(num / den, " ", num % den, "/", den)));
    }
    const int64_t large = random.between(1'000'000, 999'999'999);
    const std::string digits = std::to_string(large);
    std::string grouped = digits;
    for (size_t at = digits.size(); at > 3; at -= 3)
      grouped.insert(grouped.begin() + static_cast<int64_t>(at) - 3, ',');
    for (const char* comma : {",", "{,}", "\\,", " ", ",\\!"})
      CHECK_MESSAGE(are_equal(digits, replaced(grouped, ",", comma)), grouped);
    CHECK_FALSE(are_equal(digits, std::to_string(large + 1)));
    CHECK(are_equal(cat(digits, "\\%"), cat("\\frac{", digits, "}{100}")));
    CHECK(are_equal(cat("\\sqrt{", large, "}"), cat(large, "^{0.5}")));
    CHECK(are_equal(cat(large, "\\pi"), cat("\\pi \\times ", grouped)));
  }
}

TEST_CASE("judge: the judged pairs") {
  for (const Case& one : cases()) {
    const Verdict verdict = judge_texts(one.gold, one.prediction);
    CHECK_MESSAGE(verdict.is_equal == one.is_equal, one.kind, ": ", one.gold, " | ", one.prediction, " -> ",
                  verdict.reason);
  }
}

TEST_CASE("judge: each policy changes its own question and no other") {
  const auto turned = [](const char* gold, const char* prediction, bool Policy::*option) {
    Policy on, off;
    on.*option = true;
    off.*option = false;
    CHECK_MESSAGE(are_equal(gold, prediction, on), gold, " | ", prediction);
    CHECK_MESSAGE(!are_equal(gold, prediction, off), gold, " | ", prediction);
  };
  turned("28\\%", "28", &Policy::bare_percent);
  turned("5 \\text{ cm}", "5", &Policy::bare_unit);
  turned("204_5", "204", &Policy::bare_base);
  turned("(1,3)", "1,3", &Policy::bare_tuple);
  turned("x=5", "5", &Policy::bare_value);
  turned("5", "x=5", &Policy::bare_value);
  turned("\\frac{1}{2}", "\\frac{2}{4}", &Policy::unreduced_fraction);
  turned("[-2,7]", "-2 \\le x \\le 7", &Policy::relation_for_set);
  turned("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)", &Policy::vector_as_tuple);
  turned("1.22", "1,22", &Policy::decimal_comma);
  CHECK(are_equal("\\frac13", "0.333", {.min_decimal_digits = 3}));
  CHECK_FALSE(are_equal("\\frac13", "0.333"));
  CHECK_FALSE(are_equal("\\frac13", "0.333333", {.min_decimal_digits = 7}));
}

TEST_CASE("judge: what is not understood is wrong as a prediction and unusable as gold") {
  for (const char* text : {"", "?", "\\frac{5}{", "}{", "(", "\\{1,2", ",", "\\text{}", "{}"}) {
    CAPTURE(text);
    CHECK(gold_problem(read_answer(text)));
    CHECK_FALSE(are_equal("5", text));
  }
  CHECK(*gold_problem(read_answer("")) == "the gold answer is empty");
  CHECK(*gold_problem(read_answer("\\frac{5}{")) == "the gold answer is not understood");
  for (const char* text : {"\\{\\}", "\\emptyset", "\\text{no solution}", "A", "\\int_0^1 f(x)dx"})
    CHECK_FALSE(gold_problem(read_answer(text)));
}

}  // namespace
}  // namespace lockstep::rewards::math
