// SPDX-License-Identifier: Apache-2.0
// Countdown: reach a target with given numbers. Built from a random expression, so that a solution always
// exists.
#include <algorithm>

#include "base/text.h"
#include "rewards/tasks/generators.h"

namespace lockstep::rewards {
namespace {

struct Term {
  int64_t value;
  std::string text;
  bool is_compound;
};

std::string grouped(const Term& term) { return term.is_compound ? cat("(", term.text, ")") : term.text; }

// a op b when that is a positive integer not above `limit`; values stay small, so no overflow.
std::optional<Term> combine(const Term& a, const Term& b, char op, int64_t limit) {
  int64_t value = 0;
  switch (op) {
    case '+':
      value = a.value + b.value;
      break;
    case '-':
      value = a.value - b.value;
      break;
    case '*':
      value = a.value * b.value;
      break;
    default:
      if (a.value % b.value != 0) return std::nullopt;
      value = a.value / b.value;
  }
  if (value < 1 || value > limit) return std::nullopt;
  return Term{value, cat(grouped(a), " ", op, " ", grouped(b)), true};
}

std::optional<Problem> propose_countdown(const TaskParameters& p, base::Random& random) {
  constexpr int64_t kMaxIntermediate = 100'000;
  const int64_t num_numbers = random.between(p.integer("min_numbers"), p.integer("max_numbers"));
  std::vector<int64_t> numbers;
  std::vector<Term> pool;
  for (int64_t i = 0; i < num_numbers; ++i) {
    numbers.push_back(random.between(1, p.integer("max_number")));
    pool.push_back({numbers.back(), std::to_string(numbers.back()), false});
  }
  while (pool.size() > 1) {
    random.shuffle(pool);
    const std::optional<Term> joined =
        combine(pool[pool.size() - 1], pool[pool.size() - 2], "+-*/"[random.below(4)], kMaxIntermediate);
    if (!joined) return std::nullopt;
    pool.resize(pool.size() - 2);
    pool.push_back(*joined);
  }
  const int64_t target = pool[0].value;
  if (target < p.integer("min_target") || target > p.integer("max_target")) return std::nullopt;
  std::vector<int64_t> sorted = numbers;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> names;
  for (int64_t number : numbers) names.push_back(std::to_string(number));
  return Problem{
      .content = cat(join_numbers(sorted, "-"), "=", target),
      .short_question = cat(join_numbers(numbers, " "), " make ", target, "=?"),
      .question = cat("Write an arithmetic expression that equals ", target, ". Use each of the numbers ",
                      english_list(names), " exactly once, with +, -, *, / and parentheses."),
      .answer = pool[0].text,
      .difficulty = num_numbers,
      .columns = {{"numbers", numbers}, {"target", target}}};
}

}  // namespace

TaskKind countdown_task() {
  return {"countdown", "an expression over given numbers that reaches a target",
          with_wording({whole("min_numbers", "fewest numbers", 3, 2, 6),
                        whole("max_numbers", "most numbers", 4, 2, 6),
                        whole("max_number", "largest number", 25, 2, 1000),
                        whole("min_target", "smallest target", 10, 1, 100'000),
                        whole("max_target", "largest target", 99, 1, 100'000)}),
          nullptr, propose_countdown};
}

}  // namespace lockstep::rewards
