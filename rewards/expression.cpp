// SPDX-License-Identifier: Apache-2.0
// Recursive descent with a depth limit.
#include "rewards/expression.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace lockstep::rewards {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const ExpressionLimits& limits) : text_(text), limits_(limits) {}

  std::optional<Expression> parse(std::string& problem) {
    std::optional<Rational> value = sum(0);
    if (value && peek() != '\0') fail("unexpected text");
    problem = problem_;
    if (!value || !problem_.empty()) return std::nullopt;
    return Expression{*std::move(value), std::move(numbers_)};
  }

 private:
  std::nullopt_t fail(std::string_view what) {
    if (problem_.empty()) problem_ = cat(what, " at byte ", at_);
    return std::nullopt;
  }

  // The next operator, parenthesis or digit, with the spellings of * and / folded; '\0' at the end, '?' for the rest.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    length_ = 1;
    if (at_ == text_.size()) return '\0';
    static constexpr std::array<std::pair<std::string_view, char>, 5> kSpellings = {
        {{"\xC3\x97", '*'}, {"\xC3\xB7", '/'}, {"\\times", '*'}, {"\\cdot", '*'}, {"\\div", '/'}}};
    for (const auto& [spelling, op] : kSpellings) {
      if (text_.substr(at_, spelling.size()) != spelling) continue;
      length_ = spelling.size();
      return op;
    }
    const char c = text_[at_];
    return c == '\0' ? '?' : c;
  }
  void advance() { at_ += length_; }

  std::optional<Rational> sum(size_t depth) {
    std::optional<Rational> value = product(depth);
    while (value && (peek() == '+' || peek() == '-')) {
      const char op = peek();
      advance();
      const std::optional<Rational> right = product(depth);
      if (!right) return std::nullopt;
      value = op == '+' ? *value + *right : *value - *right;
    }
    return value;
  }

  std::optional<Rational> product(size_t depth) {
    std::optional<Rational> value = factor(depth);
    while (value && (peek() == '*' || peek() == '/')) {
      const char op = peek();
      advance();
      const std::optional<Rational> right = factor(depth);
      if (!right) return std::nullopt;
      if (op == '/' && right->num.is_zero()) return fail("division by zero");
      value = op == '*' ? *value * *right : *value / *right;
    }
    return value;
  }

  std::optional<Rational> factor(size_t depth) {
    if (depth == limits_.max_depth) return fail("nested too deep");
    const char next = peek();
    if (next == '-') {
      advance();
      std::optional<Rational> value = factor(depth + 1);
      if (value) value->num = -value->num;
      return value;
    }
    if (next == '(') {
      advance();
      std::optional<Rational> value = sum(depth + 1);
      if (!value) return std::nullopt;
      if (peek() != ')') return fail("missing \")\"");
      advance();
      return value;
    }
    return number();
  }

  std::optional<Rational> number() {
    if (numbers_.size() == limits_.max_numbers) return fail("too many numbers");
    const size_t begin = at_;
    int64_t value = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      if (at_ - begin == 18) return fail("number too long");
      value = value * 10 + (text_[at_++] - '0');
    }
    if (at_ == begin) return fail("number expected");
    numbers_.push_back(value);
    return Rational{value, 1};
  }

  std::string_view text_;
  const ExpressionLimits& limits_;
  size_t at_ = 0, length_ = 1;
  std::vector<int64_t> numbers_;
  std::string problem_;
};

}  // namespace

std::optional<Expression> parse_expression(std::string_view text,
                                           std::string& problem,
                                           const ExpressionLimits& limits) {
  problem.clear();
  if (text.size() > limits.max_bytes) {
    problem = cat("longer than ", limits.max_bytes, " bytes");
    return std::nullopt;
  }
  return Parser(text, limits).parse(problem);
}

}  // namespace lockstep::rewards
