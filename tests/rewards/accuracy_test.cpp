// SPDX-License-Identifier: Apache-2.0
// The accuracy reward: values, countdown, knights and knaves, missing gold.
#include <doctest/doctest.h>

#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/expression.h"
#include "rewards/tasks/task.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;

TEST_CASE("accuracy: right is 1, wrong and missing are 0, and the log tells them apart") {
  const Accuracy accuracy("accuracy", {});
  const Score right = score_text(accuracy, "<think>x</think><answer>42</answer>", gold("42"));
  CHECK(right.status == Status::ok);
  CHECK(right.value == 1);
  CHECK(right.metrics.at("has_answer") == 1);
  CHECK(right.detail == "answer: 42");
  const Score wrong = score_text(accuracy, "\\boxed{41}", gold("42"));
  CHECK(wrong.value == 0);
  CHECK(wrong.metrics.at("has_answer") == 1);
  CHECK(wrong.detail == "answer: 41; gold is 42");
  const Score missing = score_text(accuracy, "I do not know", gold("42"));
  CHECK(missing.status == Status::ok);
  CHECK(missing.value == 0);
  CHECK(missing.metrics.at("has_answer") == 0);
  CHECK(missing.detail == "no answer found");
}

TEST_CASE("accuracy: an unusable gold answer skips the sample, whatever the completion") {
  const Accuracy accuracy("accuracy", {});
  for (const char* completion : {"\\boxed{42}", "no answer", "<think>"}) {
    const Score score = score_text(accuracy, completion, gold(nullptr));
    CHECK(score.status == Status::skip);
    CHECK(score.value == 0);
    CHECK(score.detail == "the column \"answer\" is null, not text or a number");
  }
}

TEST_CASE("accuracy: what a model writes is escaped in the detail") {
  const Accuracy accuracy("accuracy", {});
  const Score score = score_text(accuracy, "\\boxed{\x1b[31m}", gold("42"));
  CHECK(score.detail.find('\x1b') == std::string::npos);
}

TEST_CASE("accuracy: the gold answer of every task passes, a changed one does not") {
  const Accuracy accuracy("accuracy", {});
  for (const TaskKind& kind : task_table()) {
    CAPTURE(kind.name);
    const Task task(kind.name);
    for (uint64_t index = 0; index < 100; ++index) {
      const Json row = task.make(7, Split::train, index);
      const std::string answer = row["answer"].get<std::string>();
      CHECK_MESSAGE(score_text(accuracy, cat("<think>x</think><answer>", answer, "</answer>"), row).value == 1,
                    row.dump());
      CHECK_MESSAGE(score_text(accuracy, cat("so \\boxed{", answer, "}"), row).value == 1, row.dump());
      CHECK(score_text(accuracy, cat("\\boxed{", answer, "1}"), row).value == 0);
    }
  }
}

double countdown(std::string_view answer, const Json& row, const AccuracyConfig& config = {.checker = "countdown"}) {
  const Score score = score_text(Accuracy("accuracy", config), cat("<answer>", answer, "</answer>"), row);
  return score.status == Status::ok ? score.value : -1;
}

TEST_CASE("countdown: the expression must use each number exactly once and reach the target exactly") {
  const Json row = {{"numbers", {3, 4, 8, 8}}, {"target", 25}};
  CHECK(countdown("3 * 8 + 8 / (4 + 4)", row) == 0);
  CHECK(countdown("8 + 8 + 3 * 4 - 3", row) == 0);
  CHECK(countdown("(8 + 8) + 3 * 3", row) == 0);
  const Json puzzle = {{"numbers", {3, 3, 8, 8}}, {"target", 24}};
  CHECK(countdown("8 / (3 - 8 / 3)", puzzle) == 1);
  CHECK(countdown("8/(3-8/3) = 24", puzzle) == 1);
  CHECK(countdown("8 \xC3\xB7 (3 \xE2\x88\x92 8 \\div 3)", puzzle) == 1);
  CHECK(countdown("$8 / (3 - 8 / 3)$", puzzle) == 1);
  CHECK(countdown("-8 / (8 / 3 - 3)", puzzle) == 1);
  CHECK(countdown("8 / (3 - 8 / 3) = 25", puzzle) == 0);
  CHECK(countdown("8 / (3 - 8 / 3) = 24 = 24", puzzle) == 0);
  CHECK(countdown("24", puzzle) == 0);
  CHECK(countdown("8 * 3", puzzle) == 0);
  CHECK(countdown("33 - 8 - 8", puzzle) == 0);
  CHECK(countdown("8 / (3 - 8 / 3", puzzle) == 0);
  CHECK(countdown("8 / (3 - 3) + 8", puzzle) == 0);
  CHECK(countdown("8 ** 3 - 8 - 3", puzzle) == 0);
  CHECK(countdown("__import__('os').system('true')", puzzle) == 0);
  CHECK(countdown("", puzzle) == 0);
}

TEST_CASE("countdown: with at_most_once a subset of the numbers is enough") {
  const Json puzzle = {{"numbers", {3, 3, 8, 8}}, {"target", 24}};
  const AccuracyConfig subset{.checker = "countdown", .countdown_numbers = "at_most_once"};
  CHECK(countdown("8 * 3", puzzle, subset) == 1);
  CHECK(countdown("8 + 8 + 8", puzzle, subset) == 0);
}

TEST_CASE("countdown: the puzzle may stand in the gold column; without one the sample is skipped") {
  CHECK(countdown("3 + 4", {{"answer", {{"numbers", {3, 4}}, {"target", 7}}}}) == 1);
  CHECK(countdown("3 + 4", {{"numbers", {3, 4}}}) == -1);
  CHECK(countdown("3 + 4", {{"numbers", {3, "4"}}, {"target", 7}}) == -1);
  CHECK(countdown("3 + 4", {{"numbers", Json::array()}, {"target", 7}}) == -1);
  CHECK(countdown("3 + 4", {{"numbers", {3, 4}}, {"target", 7.5}}) == -1);
}

TEST_CASE("expressions: exact values, and limits on bytes, depth, numbers and digits") {
  std::string problem;
  CHECK(parse_expression("1/3 + 1/3 + 1/3", problem)->value == Rational{1, 1});
  CHECK(parse_expression("2 - 3 * 4 / 6 - -1", problem)->value == Rational{1, 1});
  CHECK(parse_expression("(999999999999999999)*999999999999999999", problem)->numbers.size() == 2);
  CHECK_FALSE(parse_expression("9999999999999999999", problem));
  CHECK(problem == "number too long at byte 18");
  CHECK_FALSE(parse_expression(std::string(2000, '1'), problem));
  CHECK(problem == "longer than 1024 bytes");
  CHECK_FALSE(parse_expression(std::string(500, '(') + "1" + std::string(500, ')'), problem));
  CHECK(problem == "nested too deep at byte 64");
  CHECK_FALSE(parse_expression(std::string(500, '-') + "1", problem));
  CHECK(problem == "nested too deep at byte 64");
  CHECK_FALSE(parse_expression("1+1+1", problem, {.max_numbers = 2}));
  CHECK(problem == "too many numbers at byte 4");
  CHECK_FALSE(parse_expression("1 / (2 - 2)", problem));
  CHECK(problem.find("division by zero") == 0);
  CHECK_FALSE(parse_expression("1 2", problem));
  CHECK(problem == "unexpected text at byte 2");
  CHECK_FALSE(parse_expression("(1", problem));
  CHECK(problem == "missing \")\" at byte 2");
}

TEST_CASE("knights_knaves: one clause per person, in any order and dress") {
  const Json row = {{"task", "knights_knaves"}, {"roles", {{"Ada", "knight"}, {"Ben", "knave"}}}};
  const Accuracy accuracy("accuracy", {});
  const auto value = [&](const char* answer) {
    return score_text(accuracy, cat("<answer>", answer, "</answer>"), row).value;
  };
  for (const char* right :
       {"Ada is a knight, Ben is a knave", "Ben is a knave and Ada is a knight.", "Ada: knight; Ben: KNAVE",
        "Ada is a knight.\nBen is a knave.\n", "Ada = knight, and Ben = knave",
        "**Ada** is a **knight**; **Ben** is a **knave**", "\\text{Ada is a knight, Ben is a knave.}"}) {
    CHECK_MESSAGE(value(right) == 1, right);
  }
  for (const char* wrong :
       {"Ada is a knave, Ben is a knave", "Ada is a knight", "Ada is a knight, Ada is a knave, Ben is a knave",
        "Ada is a knight, Ben is a knave, Cleo is a knight", "Ada is a knight, Ben is a knave or knight",
        "Ada is a knight or knave, Ben is a knave", "either Ada is a knight, Ben is a knave",
        "Ada is a knight, Ben is a knaves", "ada is a knight, ben is a knave", "", "knight, knave",
        "Ada is not a knight, Ben is a knave"}) {
    CHECK_MESSAGE(value(wrong) == 0, wrong);
  }
  CHECK(score_text(accuracy, "\\boxed{x}", {{"task", "knights_knaves"}}).status == Status::skip);
}

TEST_CASE("accuracy: the checker follows the row's task, or the option") {
  const Json row = {{"task", "countdown"}, {"numbers", {3, 4}}, {"target", 7}, {"answer", "3 + 4"}};
  CHECK(score_text(Accuracy("a", {}), "\\boxed{4 + 3}", row).value == 1);
  CHECK(score_text(Accuracy("a", {.checker = "value"}), "\\boxed{4 + 3}", row).value == 0);
  CHECK(score_text(Accuracy("a", {.checker = "knights_knaves"}), "\\boxed{4 + 3}", row).status == Status::skip);
}

}  // namespace
}  // namespace lockstep::rewards
