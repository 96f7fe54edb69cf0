// SPDX-License-Identifier: Apache-2.0
// The checker of countdown.
#include <algorithm>

#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/checkers.h"
#include "rewards/expression.h"
#include "rewards/number.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kMaxNumbers = 16;

struct Puzzle {
  std::vector<int64_t> numbers;  // sorted
  int64_t target = 0;
};

std::optional<Puzzle> find_puzzle(const base::Json& row, const GoldRule& gold) {
  const auto nested = row.find(gold.column);
  const base::Json& place = nested != row.end() && nested->is_object() ? *nested : row;
  const auto numbers = place.find("numbers"), target = place.find("target");
  if (numbers == place.end() || target == place.end() || !numbers->is_array() || !target->is_number_integer() ||
      numbers->empty() || numbers->size() > kMaxNumbers) {
    return std::nullopt;
  }
  Puzzle puzzle;
  for (const base::Json& number : *numbers) {
    if (!number.is_number_integer()) return std::nullopt;
    puzzle.numbers.push_back(number.get<int64_t>());
  }
  std::sort(puzzle.numbers.begin(), puzzle.numbers.end());
  puzzle.target = target->get<int64_t>();
  return puzzle;
}

}  // namespace

Check check_countdown(const base::Json& row, std::string_view answer, const GoldRule& gold, bool is_subset_allowed) {
  const std::optional<Puzzle> puzzle = find_puzzle(row, gold);
  if (!puzzle) return {Verdict::no_gold, "the row needs `numbers` (1 to 16 integers) and `target` (an integer)"};
  const std::string text = normalize_answer(answer);
  const Rational target{puzzle->target, 1};
  std::string_view expression = text;
  if (const size_t equals = text.find('='); equals != std::string::npos) {
    const std::optional<Number> claimed = parse_number(base::trim(expression.substr(equals + 1)));
    if (!claimed || claimed->is_percent || !(claimed->value == target)) {
      return {Verdict::wrong, "what follows \"=\" is not the target"};
    }
    expression = expression.substr(0, equals);
  }
  std::string problem;
  std::optional<Expression> parsed = parse_expression(expression, problem, {.max_numbers = puzzle->numbers.size()});
  if (!parsed) return {Verdict::wrong, cat("no valid expression: ", problem)};
  std::vector<int64_t>& used = parsed->numbers;
  std::sort(used.begin(), used.end());
  const bool is_allowed = is_subset_allowed
                              ? std::includes(puzzle->numbers.begin(), puzzle->numbers.end(), used.begin(), used.end())
                              : used == puzzle->numbers;
  if (!is_allowed) return {Verdict::wrong, "it does not use the given numbers"};
  if (!(parsed->value == target)) return {Verdict::wrong, cat("it does not equal ", puzzle->target)};
  return {Verdict::right, ""};
}

}  // namespace lockstep::rewards
