// SPDX-License-Identifier: Apache-2.0
// The rewards accuracy_math, accuracy_exact, accuracy_regex and accuracy_choice as a config names them.
#include "rewards/math/accuracy_math.h"

#include <doctest/doctest.h>

#include "rewards/combined.h"
#include "rewards/row_check.h"
#include "rewards/text_accuracy.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;

std::unique_ptr<Reward> reward(const std::string& type, const Json& options = Json::object()) {
  return make_reward({.type = type, .options = options}, 0, "/rewards/0");
}

double value(const Reward& of, std::string_view completion, const Json& row) {
  const Score score = score_text(of, completion, row);
  return score.status == Status::ok ? score.value : -1;
}

TEST_CASE("accuracy_math: right is 1, wrong and missing are 0, and the log says why") {
  const auto accuracy = reward("accuracy_math");
  const Score right = score_text(*accuracy, "so it is \\boxed{0.5}", gold("\\frac{1}{2}"));
  CHECK(right.value == 1);
  CHECK(right.answer == "0.5");
  CHECK(right.detail == "answer: 0.5; equal");
  const Score wrong = score_text(*accuracy, "\\boxed{0.6}", gold("\\frac{1}{2}"));
  CHECK(wrong.value == 0);
  CHECK(wrong.detail == "answer: 0.6; different; gold is \\frac{1}{2}");
  const Score missing = score_text(*accuracy, "no idea", gold("\\frac{1}{2}"));
  CHECK(missing.status == Status::ok);
  CHECK(missing.value == 0);
  CHECK(missing.metrics.at("has_answer") == 0);
  const Score undecided = score_text(*accuracy, "\\boxed{9^{9^{9^{8}}}}", gold("9^{9^{9^{9}}}"));
  CHECK(undecided.value == 0);
  CHECK(undecided.metrics.at("undecided") == 1);
}

TEST_CASE("accuracy_math: a gold answer that is not understood skips the sample and is reported for its row") {
  const auto accuracy = reward("accuracy_math");
  for (const Json& bad : {Json("\\frac{5}{"), Json(""), Json(nullptr), Json("?")}) {
    for (const char* completion : {"\\boxed{5}", "no answer", "<think>"}) {
      CHECK(score_text(*accuracy, completion, gold(bad)).status == Status::skip);
    }
    CHECK(accuracy->row_problem(gold(bad)));
  }
  CHECK_FALSE(accuracy->row_problem(gold("\\sqrt{2}")));
  CHECK_FALSE(reward("length")->row_problem(gold("?")));
}

TEST_CASE("row check: rows that a weighted reward would skip are counted and named before training") {
  const Dataset dataset = Dataset::from_rows({{{"prompt", "p"}, {"answer", "\\frac12"}},
                                              {{"prompt", "p"}, {"answer", "\\frac{1}{"}},
                                              {{"prompt", "p"}},
                                              {{"prompt", "p"}, {"answer", 3}}},
                                             "rows");
  const RowReport report =
      check_rows(dataset, Combined({{.type = "accuracy_math"}, {.type = "accuracy_exact", .weight = 0}}, 0));
  CHECK(report.num_rows == 4);
  CHECK(report.num_unusable == 2);
  CHECK(report.text() ==
        "2 of 4 rows cannot be scored: row 1: accuracy_math: the gold answer is not understood; row 2: accuracy_math: "
        "the row "
        "has no column \"answer\"");
  CHECK(check_rows(dataset, Combined({{.type = "format"}}, 0)).text().empty());
}

TEST_CASE("accuracy_math: options reach extraction and policy") {
  const Json row = gold("28\\%");
  CHECK(value(*reward("accuracy_math"), "\\boxed{28}", row) == 1);
  CHECK(value(*reward("accuracy_math", {{"policy", {{"bare_percent", false}}}}), "\\boxed{28}", row) == 0);
  CHECK(value(*reward("accuracy_math", {{"sources", {"hashes"}}}), "\\boxed{28\\%}", row) == 0);
  CHECK(value(*reward("accuracy_math", {{"think_open_in_prompt", "yes"}}), "\\boxed{28\\%}", row) == 0);
  CHECK(value(*reward("accuracy_math"), "x #### 72", gold("5 * 14 + 2 = 72\n#### 72")) == 1);
  CHECK(value(*reward("accuracy_math", {{"column", "solution"}}), "\\boxed{3}", {{"solution", "Thus $\\boxed{3}$."}}) ==
        1);
  expect_error(
      [] {
        reward("accuracy_math", {{"sources", {"anywhere"}}});
      },
      "anywhere", "/rewards/0/options/sources/0", "last_number");
  expect_error(
      [] {
        reward("accuracy_math", {{"policy", {{"min_decimal_digits", 1}}}});
      },
      "1", "/policy/min_decimal_digits", "2");
}

TEST_CASE("accuracy_math: a boxed list of guesses, an echo and an answer inside the thought earn nothing") {
  const auto accuracy = reward("accuracy_math");
  for (const char* completion : {"\\boxed{3} \\boxed{4} \\boxed{5}", "\\boxed{5 or 6}", "\\boxed{5, 6, 7}",
                                 "\\boxed{answer}", "<think>\\boxed{5}", "\\boxed{\\pm 5}", "\\boxed{4 < x < 6}",
                                 "\\boxed{5 is not the answer}", "<think>\\boxed{5}</think> I do not know"}) {
    CHECK_MESSAGE(value(*accuracy, completion, gold("5")) == 0, completion);
  }
}

TEST_CASE("accuracy_exact: text, white space and case by option") {
  CHECK(value(*reward("accuracy_exact"), "<answer> New  York </answer>", gold("New York")) == 1);
  CHECK(value(*reward("accuracy_exact"), "<answer>new york</answer>", gold("New York")) == 0);
  CHECK(value(*reward("accuracy_exact", {{"ignore_case", true}}), "<answer>new york</answer>", gold("New York")) == 1);
  CHECK(value(*reward("accuracy_exact", {{"ignore_space", false}}), "<answer>New  York</answer>", gold("New York")) ==
        0);
  CHECK(value(*reward("accuracy_exact"), "\\boxed{0.5}", gold("1/2")) == 0);
  CHECK(value(*reward("accuracy_exact", {{"source", {{"sources", {"whole"}}}}}), "<think>x</think> olleh",
              gold("olleh")) == 1);
  CHECK(value(*reward("accuracy_exact"), "nothing", gold("x")) == 0);
  CHECK(score_text(*reward("accuracy_exact"), "\\boxed{1}", {{"q", 1}}).status == Status::skip);
  CHECK(reward("accuracy_exact")->row_problem({{"q", 1}}) == "the row has no column \"answer\"");
}

TEST_CASE("accuracy_regex: the last match counts; compared as mathematics, as text, or as a pattern") {
  const char* text = "Answer: 3\nwait\nAnswer: 0.50\n";
  CHECK(value(*reward("accuracy_regex"), text, gold("1/2")) == 1);
  CHECK(value(*reward("accuracy_regex"), text, gold("3")) == 0);
  CHECK(value(*reward("accuracy_regex", {{"compare", "text"}}), text, gold("1/2")) == 0);
  CHECK(value(*reward("accuracy_regex", {{"compare", "text"}}), text, gold("0.50")) == 1);
  CHECK(value(*reward("accuracy_regex", {{"compare", "pattern"}}), text, gold("0\\.50?")) == 1);
  CHECK(value(*reward("accuracy_regex", {{"compare", "pattern"}}), text, gold("0")) == 0);
  CHECK(value(*reward("accuracy_regex", {{"pattern", "\\d+"}}), "1 22 333", gold("333")) == 1);
  CHECK(value(*reward("accuracy_regex", {{"pattern", "x*"}, {"compare", "text"}}), "aaa", gold("x")) == 0);
  CHECK(value(*reward("accuracy_regex"), "no", gold("1")) == 0);
  CHECK(score_text(*reward("accuracy_regex", {{"compare", "pattern"}}), text, gold("(")).status == Status::skip);
}

TEST_CASE("accuracy_regex: a pattern that RE2 does not take is refused when the config is loaded") {
  expect_error(
      [] {
        reward("accuracy_regex", {{"pattern", "(a"}});
      },
      "the pattern is not usable: missing )", "/rewards/0/options/pattern", "RE2");
  expect_error(
      [] {
        reward("accuracy_regex", {{"pattern", "(?=a)b"}});
      },
      "the pattern is not usable", "/options/pattern", "look-around");
  expect_error(
      [] {
        reward("accuracy_regex", {{"pattern", std::string(2000, 'a')}});
      },
      "longer than 1024 bytes", "/options/pattern", "RE2");
  expect_error(
      [] {
        reward("accuracy_regex", {{"pattern", "((a{500}){500}){500}"}});
      },
      "the pattern is not usable", "/options/pattern", "RE2");
}

TEST_CASE("accuracy_choice: one letter, however it is dressed") {
  const auto choice = reward("accuracy_choice");
  for (const char* right : {"\\boxed{B}", "Answer: (b)", "<answer>B. Paris</answer>", "\\boxed{\\text{(B)}}",
                            "The answer is **B**.", "Answer: Option B"}) {
    CHECK_MESSAGE(value(*choice, right, gold("B")) == 1, right);
  }
  for (const char* wrong : {"\\boxed{A}", "\\boxed{A or B}", "\\boxed{A, B}", "\\boxed{AB}", "B", "Answer: Berlin"}) {
    CHECK_MESSAGE(value(*choice, wrong, gold("B")) == 0, wrong);
  }
  CHECK(value(*choice, "\\boxed{B}", gold("(B) Paris")) == 1);
  CHECK(score_text(*choice, "\\boxed{B}", gold("1")).status == Status::skip);
  CHECK(value(*reward("accuracy_choice", {{"gold_index", "from_0"}}), "\\boxed{B}", gold(1)) == 1);
  CHECK(value(*reward("accuracy_choice", {{"gold_index", "from_1"}}), "\\boxed{B}", gold(2)) == 1);
  CHECK(choice->row_problem(gold("Paris")) == "the gold answer names no choice: Paris");
}

}  // namespace
}  // namespace lockstep::rewards
