// SPDX-License-Identifier: Apache-2.0
// Reads answers in every way they may be meant, and compares the readings.
#include "rewards/math/judge.h"

#include <algorithm>

#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/math/comparer.h"
#include "rewards/math/parser.h"
#include "rewards/math/unicode.h"

namespace lockstep::rewards::math {
namespace {

constexpr size_t kMaxChoiceBytes = 256;
// Longer texts are read in one way only: each further reading is a parse of the whole.
constexpr size_t kMaxAmbiguousBytes = 1024;

// Brackets close in order. Half-open intervals pair [ with ).
bool is_balanced(const std::vector<Token>& tokens) {
  int braces = 0, sets = 0, brackets = 0;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::symbol) continue;
    braces += token.text == "{" ? 1 : token.text == "}" ? -1 : 0;
    sets += token.text == "\\{" ? 1 : token.text == "\\}" ? -1 : 0;
    brackets += token.text == "(" || token.text == "[" ? 1 : token.text == ")" || token.text == "]" ? -1 : 0;
    if (braces < 0) return false;
  }
  return braces == 0 && sets == 0 && brackets == 0;
}

bool has_content(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [](const Token& token) {
                       return token.kind != TokenKind::symbol && token.kind != TokenKind::end &&
                              token.kind != TokenKind::conjunction;
                     }) ||
         spelling(tokens) == "\\{\\}";
}

// "1,22" or "0,111": a comma between digits that groups no thousands. The text with a point instead, or nothing.
std::optional<std::string> with_decimal_point(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const size_t comma = text.find(',');
  if (text.find_first_of("()[]{}") != std::string_view::npos) return std::nullopt;
  if (comma == 0 || comma == std::string_view::npos || text.find(',', comma + 1) != std::string_view::npos)
    return std::nullopt;
  if (comma + 2 >= text.size() || !is_digit(text[comma - 1]) || !is_digit(text[comma + 1]) ||
      !is_digit(text[comma + 2])) {
    return std::nullopt;
  }
  std::string result(text);
  result[comma] = '.';
  return result;
}

bool is_single_number(const Expression& expression) {
  const Node* node = &expression[expression.root];
  while (node->kind == Kind::unit || node->kind == Kind::percent || node->kind == Kind::negate)
    node = &expression[node->children[0]];
  return node->kind == Kind::number;
}

// "1, 2" or (1, 2): the list was meant as one.
bool has_list(const Answer& answer) {
  return std::any_of(answer.expression->nodes.begin(), answer.expression->nodes.end(), [](const Node& node) {
    return node.kind == Kind::list || node.kind == Kind::set || node.kind == Kind::bracket;
  });
}

Outcome compare_trees(const Expression& gold,
                      const Expression& prediction,
                      bool is_ordered,
                      const Policy& policy,
                      const Context& context) {
  Comparer comparer(policy, context);
  if (is_ordered) comparer.require_order();
  return comparer.compare({&gold, gold.root}, {&prediction, prediction.root});
}

Outcome compare_readings(const Answer& gold, const Answer& prediction, const Policy& policy, const Context& context) {
  const Outcome direct = compare_trees(*gold.expression, *prediction.expression, false, policy, context);
  if (direct == Outcome::equal) return direct;
  const auto is_equal = [&](const Expression& a, const Expression& b) {
    return compare_trees(a, b, true, policy, context) == Outcome::equal;
  };
  if (gold.as_list && has_list(prediction) && is_equal(*gold.as_list, *prediction.expression)) return Outcome::equal;
  if (prediction.as_list && has_list(gold) && is_equal(*gold.expression, *prediction.as_list)) return Outcome::equal;
  if (gold.is_list_likely && prediction.is_list_likely && gold.as_list && prediction.as_list &&
      is_equal(*gold.as_list, *prediction.as_list)) {
    return Outcome::equal;
  }
  if (gold.as_measure && is_equal(*gold.as_measure, *prediction.expression)) return Outcome::equal;
  if (prediction.as_measure && is_equal(*gold.expression, *prediction.as_measure)) return Outcome::equal;
  if (policy.decimal_comma) {
    const bool is_gold_number = is_single_number(*gold.expression),
               is_number = is_single_number(*prediction.expression);
    if (gold.as_decimal && is_number && is_equal(*gold.as_decimal, *prediction.expression)) return Outcome::equal;
    if (prediction.as_decimal && is_gold_number && is_equal(*gold.expression, *prediction.as_decimal))
      return Outcome::equal;
  }
  return direct;
}

// Only a bare capital or one letter in brackets makes the gold answer a choice: a variable a does not.
bool is_choice(const Answer& gold) {
  const std::string& s = gold.spelling;
  if (s.size() == 1) return s[0] >= 'A' && s[0] <= 'J';
  return s.size() == 3 && s[0] == '(' && s[2] == ')' && gold.choice.has_value();
}

// "(B) 12": a choice with its text.
bool is_choice_with_text(const Answer& gold) {
  const std::string& s = gold.spelling;
  return s.size() > 3 && s[0] == '(' && s[1] >= 'A' && s[1] <= 'J' && s[2] == ')' && gold.choice == s[1];
}

// "B" or "(B)" and no more.
bool is_bare_letter(const Answer& answer) {
  const std::string& s = answer.spelling;
  return answer.choice && (s.size() == 1 || (s.size() == 3 && s[0] == '(' && s[2] == ')'));
}

}  // namespace

Answer read_answer(std::string_view text, const Limits& limits) {
  Answer answer;
  answer.text = base::trim(text);
  Tokens tokens = tokenize(answer.text, {}, limits);
  answer.spelling = spelling(tokens.list);
  answer.is_well_formed = tokens.is_well_formed && has_content(tokens.list) && is_balanced(tokens.list);
  if (answer.text.size() <= kMaxChoiceBytes) {
    answer.choice = choice_letter(normalize_answer(answer.text));
    if (!answer.choice) answer.choice = choice_letter(answer.spelling);
  }
  if (!tokens.is_well_formed || answer.spelling.empty()) return answer;
  const bool is_ambiguous = tokens.has_ambiguous_comma, has_bare_unit = tokens.has_bare_unit;
  answer.is_list_likely = tokens.has_ambiguous_pair;
  answer.expression = parse(std::move(tokens.list), limits);
  if (answer.text.size() > kMaxAmbiguousBytes) return answer;
  if (has_bare_unit) answer.as_measure = parse(tokenize(answer.text, {.letters_are_units = true}, limits).list, limits);
  if (is_ambiguous) {
    answer.as_list = parse(tokenize(answer.text, {.commas_group_digits = false}, limits).list, limits);
  } else if (const auto decimal = with_decimal_point(answer.text)) {
    answer.as_decimal = parse(tokenize(*decimal, {}, limits).list, limits);
    if (answer.as_decimal && !is_single_number(*answer.as_decimal)) answer.as_decimal.reset();
  }
  return answer;
}

Verdict judge(const Answer& gold, const Answer& prediction, const Policy& policy, const Limits& limits) {
  if (gold.is_well_formed && is_choice(gold) && prediction.choice) {
    const bool is_equal = (gold.spelling[gold.spelling.size() / 2] & ~0x20) == *prediction.choice;
    return {.is_equal = is_equal, .reason = is_equal ? "same choice" : "another choice"};
  }
  if (gold.is_well_formed && is_choice_with_text(gold) && is_bare_letter(prediction)) {
    const bool is_equal = gold.choice == prediction.choice;
    return {.is_equal = is_equal, .reason = is_equal ? "same choice" : "another choice"};
  }
  if (!prediction.is_well_formed) return {.reason = "the prediction is not understood"};
  if (!gold.is_well_formed) return {.reason = "the gold answer is not understood"};
  if (gold.spelling == prediction.spelling) return {.is_equal = true, .reason = "same text"};
  if (!gold.expression) return {.reason = "different text"};
  if (!prediction.expression) return {.reason = "the prediction is not understood"};
  Budget budget(limits.max_steps);
  const Context context = {budget, limits};
  switch (compare_readings(gold, prediction, policy, context)) {
    case Outcome::equal:
      return {.is_equal = true, .reason = "equal", .num_steps = budget.spent()};
    case Outcome::different:
      return {.reason = "different", .num_steps = budget.spent()};
    default:
      return {.is_undecided = true,
              .reason = budget.is_exhausted() ? "undecided: out of steps" : "undecided",
              .num_steps = budget.spent()};
  }
}

std::optional<std::string> gold_problem(const Answer& gold) {
  if (gold.text.empty()) return "the gold answer is empty";
  if (!gold.is_well_formed) return "the gold answer is not understood";
  return std::nullopt;
}

}  // namespace lockstep::rewards::math
