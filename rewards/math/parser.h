// SPDX-License-Identifier: Apache-2.0
// From tokens to a tree. The grammar, loosest first: list, relation, ratio, union, sum, product, sign, power, primary.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/math/expression.h"
#include "rewards/math/lexer.h"

namespace lockstep::rewards::math {

// Nothing when the tokens are no mathematics we know, or beyond the limits.
std::optional<Expression> parse(std::vector<Token> tokens, const Limits& limits);

// Recursive descent; recursion is bounded by Limits::max_depth. Split over files by what is read.
class Parser {
 public:
  using Result = std::optional<NodeId>;

  Parser(std::vector<Token> tokens, const Limits& limits)
      : tokens_(std::move(tokens)), limits_(limits), budget_(limits.max_parse_steps) {}
  std::optional<Expression> run();

 private:
  // parser_structure.cpp
  Result list();
  Result item();
  Result relation();
  std::optional<Relation> take_relation();
  Result ratio();
  Result set_operation();
  bool is_ratio_colon() const;
  bool is_row_end() const;
  Result bracket();
  Result braces();
  Result set();
  Result angle_bracket();
  Result environment();
  Result matrix(const std::string& name, size_t end);
  void drop_alignment(size_t end);
  std::optional<size_t> find_end() const;

  // parser_arithmetic.cpp
  Result sum();
  Result product();
  Result negated(NodeId operand);
  Result collect(std::vector<NodeId> factors);
  Result implicit_factor();
  Result with_unit(NodeId amount);
  Result sign();
  Result power();
  Result postfix(NodeId base, bool& is_done);
  Result degrees(NodeId base);
  Result raised(NodeId base);
  Result subscripted(NodeId base);
  Result marked(NodeId base, const std::string& mark);
  Result based(NodeId base, const std::string& digits, std::string radix);
  Result magnified(NodeId amount);
  Result script();
  std::string script_text();
  bool starts_operand() const;
  bool ends_item(const Token& token) const;

  // parser_matrix.cpp
  bool has_matrix(const std::vector<NodeId>& operands) const;
  Result matrix_product(const std::vector<NodeId>& factors);
  Result product_of_matrices(const Node& left, const Node& right);
  Result matrix_sum(const std::vector<NodeId>& terms);
  Result transposed(NodeId operand);

  // parser_primary.cpp
  Result primary();
  Result number();
  Result repeating_decimal(const Node& start);
  Result mixed_number(const Node& whole);
  Result word();
  Result currency();
  Result enclosed(std::string_view close, std::string_view function);
  Result absolute_value();
  Result command();
  Result fraction();
  Result radical(const std::string& name);
  Result binomial();
  Result function(std::string_view name);
  Result function_argument();
  Result logarithm_base();
  Result big_operator(const std::string& name);
  Result argument();

  const Token& peek(size_t offset = 0) const { return tokens_[std::min(at_ + offset, tokens_.size() - 1)]; }
  bool is_token(TokenKind kind, std::string_view text, size_t offset) const;
  bool is_symbol(std::string_view text, size_t offset = 0) const { return is_token(TokenKind::symbol, text, offset); }
  bool is_command(std::string_view text, size_t offset = 0) const { return is_token(TokenKind::command, text, offset); }
  bool take_symbol(std::string_view text);
  bool take_command(std::string_view text);
  Result add(Node node);
  Result add(Kind kind, std::vector<NodeId> children, std::string text = {});
  Result add_number(const Fraction& value);
  const Node& at(NodeId id) const { return nodes_[id]; }

  std::vector<Token> tokens_;
  Limits limits_;
  Budget budget_;
  size_t at_ = 0;
  int depth_ = 0;
  int open_functions_ = 0;     // an angle in degrees counts in radians there
  int open_bars_ = 0;          // |x| is open: the next bar closes it
  bool is_in_set_ = false;     // a colon ends the element of {x : ...}
  bool is_in_matrix_ = false;  // a row break ends a cell
  std::vector<Node> nodes_;
};

// A number token's text as an exact value; nothing beyond `max_bits` or when the budget is used up.
std::optional<Node> number_node(std::string_view text, size_t max_bits, Budget& budget);

}  // namespace lockstep::rewards::math
