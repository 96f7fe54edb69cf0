// SPDX-License-Identifier: Apache-2.0
// Operands: numbers of every form, variables, brackets, fractions, roots, functions, big operators.
#include <algorithm>
#include <array>

#include "rewards/math/parser.h"
#include "rewards/math/words.h"

namespace lockstep::rewards::math {
namespace {

// Every decimal digit costs about 3.3 bits.
constexpr size_t kBitsPerDigit = 4;

bool is_whole(const Node& node) { return node.kind == Kind::number && node.digits == 0 && node.value.is_integer(); }

// At most five digits with a sign. The subscript of "5_e" and "12_{nine}" is none, and comes here too.
std::optional<int64_t> exponent_of(std::string_view digits) {
  const bool is_negative = digits.substr(0, 1) == "-";
  digits.remove_prefix(is_negative ? 1 : 0);
  const bool is_number = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || digits.size() > 5 || !is_number) return std::nullopt;
  int64_t exponent = 0;
  for (char c : digits) exponent = exponent * 10 + (c - '0');
  return is_negative ? -exponent : exponent;
}

bool contains(std::string_view text, char c) { return text.find(c) != std::string_view::npos; }

}  // namespace

bool Parser::is_token(TokenKind kind, std::string_view text, size_t offset) const {
  const Token& token = peek(offset);
  // Some forty questions for each token, nearly all of them answered by the first byte.
  return token.kind == kind && token.text[0] == text[0] && token.text == text;
}

bool Parser::take_symbol(std::string_view text) {
  if (!is_symbol(text)) return false;
  ++at_;
  return true;
}

bool Parser::take_command(std::string_view text) {
  if (!is_command(text)) return false;
  ++at_;
  return true;
}

Parser::Result Parser::add(Node node) {
  // Chains like a/b/c/... nest without recursion here; what walks the tree later recurses.
  // Matrix products share cells, so that a small arena could stand for a tree beyond all bounds.
  if (!budget_.spend(static_cast<int64_t>(node.children.size()) / 2)) return std::nullopt;
  node.depth = 0;
  node.size = 1;
  for (NodeId child : node.children) {
    node.depth = std::max(node.depth, nodes_[child].depth + 1);
    node.size += nodes_[child].size;
    if (node.size > limits_.max_nodes) return std::nullopt;
  }
  if (nodes_.size() >= limits_.max_nodes || node.depth > 4 * limits_.max_depth) return std::nullopt;
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

Parser::Result Parser::add(Kind kind, std::vector<NodeId> children, std::string text) {
  return add(Node{.kind = kind, .text = std::move(text), .children = std::move(children)});
}

Parser::Result Parser::add_number(const Fraction& value) { return add(Node{.kind = Kind::number, .value = value}); }

std::optional<Node> number_node(std::string_view text, size_t max_bits, Budget& budget) {
  const size_t mark = std::min(text.find('e'), text.size());
  const std::string_view mantissa = text.substr(0, mark);
  const auto written = mark < text.size() ? exponent_of(text.substr(mark + 1)) : std::optional<int64_t>(0);
  if (!written) return std::nullopt;
  int64_t exponent = *written;
  const size_t point = mantissa.find('.');
  std::string digits(mantissa.substr(0, point));
  if (point != std::string_view::npos) {
    digits += mantissa.substr(point + 1);
    exponent -= static_cast<int64_t>(mantissa.size() - point - 1);
  }
  const size_t shift = static_cast<size_t>(std::abs(exponent));
  // Integers may have as many digits as the text; a power of ten that the text does not hold is bounded by the bits.
  if (point == std::string_view::npos && exponent == 0 ? false : (shift + digits.size()) * kBitsPerDigit > 4 * max_bits)
    return std::nullopt;
  if (!budget.spend(Integer::digits_cost(digits.size()) + Integer::digits_cost(shift))) return std::nullopt;
  auto whole = Integer::from_digits(digits);
  if (!whole) return std::nullopt;
  Node node;
  if (shift == 0) {
    node.unit_in_last_place = 1;
    node.value = *std::move(whole);
  } else {
    const Integer scale = power(Integer(10), shift);
    node.unit_in_last_place = exponent < 0 ? Fraction(1, scale) : Fraction(scale);
    node.value = exponent < 0 ? Fraction(*whole, scale) : Fraction(*whole * scale);
  }
  if (point != std::string_view::npos) {
    const size_t first = std::min(digits.find_first_not_of('0'), digits.size());
    node.digits = std::max<int32_t>(1, static_cast<int32_t>(digits.size() - first));
  }
  return node;
}

Parser::Result Parser::primary() {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::number:
      return number();
    case TokenKind::word:
      return word();
    case TokenKind::phrase:
      if (token.text == "all real numbers" || token.text == "all reals" || token.text == "real numbers") {
        ++at_;
        return add(Kind::symbol, {}, "\\bbR");
      }
      [[fallthrough]];
    case TokenKind::unit: {
      std::string text = token.text;
      ++at_;
      return add(Kind::symbol, {}, std::move(text));
    }
    case TokenKind::currency:
      return currency();
    case TokenKind::command:
      return command();
    case TokenKind::symbol:
      break;
    default:
      return std::nullopt;
  }
  if (token.text == "(" || token.text == "[" || token.text == "]") return bracket();
  if (token.text == "{") return braces();
  if (token.text == "\\{") return set();
  if (token.text == "\\langle") return angle_bracket();
  if (token.text == "|") return absolute_value();
  if (token.text == "\\|") return enclosed("\\|", "norm");
  if (token.text == "\\lfloor") return enclosed("\\rfloor", "floor");
  if (token.text == "\\lceil") return enclosed("\\rceil", "ceil");
  return std::nullopt;
}

Parser::Result Parser::number() {
  auto node = number_node(peek().text, limits_.max_bits, budget_);
  if (!node) return std::nullopt;
  const std::string text = peek().text;
  ++at_;
  if (is_command("overline") || is_command("bar") || is_command("dot")) {
    if (contains(text, '.') || (is_symbol("{", 1) && peek(2).kind == TokenKind::number))
      return repeating_decimal(*node);
  }
  const bool is_plain_mixed = peek().kind == TokenKind::number && peek().is_after_space && is_symbol("/", 1) &&
                              peek(2).kind == TokenKind::number;
  if (is_whole(*node) && !contains(text, 'e') && (is_command("frac") || is_plain_mixed)) return mixed_number(*node);
  return add(*std::move(node));
}

// 0.1\overline{6}: the digits under the bar repeat for ever.
Parser::Result Parser::repeating_decimal(const Node& start) {
  const bool is_group = is_symbol("{", 1) && peek(2).kind == TokenKind::number && is_symbol("}", 3);
  const Token& token = peek(is_group ? 2 : 1);
  if (token.kind != TokenKind::number || contains(token.text, '.') || contains(token.text, 'e')) return std::nullopt;
  const auto period = Integer::from_digits(token.text);
  if (!period || token.text.size() * kBitsPerDigit > limits_.max_bits) return std::nullopt;
  if (!budget_.spend(4 * Integer::digits_cost(token.text.size() + start.value.bits() / kBitsPerDigit)))
    return std::nullopt;
  const Integer nines = math::power(Integer(10), token.text.size()) - Integer(1);
  at_ += is_group ? 4 : 2;
  return add_number(start.value + Fraction(*period, nines) * start.unit_in_last_place);
}

// 2 1/3 and 2\frac{1}{3}, when the fraction is proper; otherwise 2\frac{x}{3} is a product, and "4 10/3" nothing.
Parser::Result Parser::mixed_number(const Node& whole) {
  const Result left = add(whole);
  const bool is_latex = is_command("frac");
  Result part;
  if (is_latex) {
    part = primary();  // a percent sign or power behind it belongs to the whole number
    if (!left || !part) return std::nullopt;
  } else {
    const auto above = number_node(peek().text, limits_.max_bits, budget_);
    const auto below = number_node(peek(2).text, limits_.max_bits, budget_);
    at_ += 3;
    if (!left || !above || !below || !is_whole(*above) || !is_whole(*below)) return std::nullopt;
    const Result num = add(*above), den = add(*below);
    if (!num || !den) return std::nullopt;
    part = add(Kind::quotient, {*num, *den});
    if (!part) return std::nullopt;
  }
  const Node& node = at(*part);
  if (node.kind == Kind::quotient && is_whole(at(node.children[0])) && is_whole(at(node.children[1]))) {
    const Fraction above = at(node.children[0]).value, below = at(node.children[1]).value;
    if (Fraction(0) < above && above < below) return add_number(whole.value + above / below);
  }
  bool is_done = false;
  while (is_latex && part && !is_done) part = postfix(*part, is_done);
  return is_latex && part ? add(Kind::product, {*left, *part}) : std::nullopt;
}

// Letters are variables, except Euler's number and the imaginary unit; f(x) is an application, x(y) a product.
Parser::Result Parser::word() {
  std::string text = peek().text;
  ++at_;
  if (text == "e" || text == "i") return add(Kind::constant, {}, std::move(text));
  if (!is_symbol("(") || !contains("fghFGH", text[0])) return add(Kind::symbol, {}, std::move(text));
  const Result arguments = bracket();
  if (!arguments) return std::nullopt;
  if (at(*arguments).kind == Kind::bracket) return add(Kind::call, at(*arguments).children, std::move(text));
  return add(Kind::call, {*arguments}, std::move(text));
}

Parser::Result Parser::currency() {
  std::string name = peek().text;
  ++at_;
  const Result amount = sign();
  return amount ? add(Kind::unit, {*amount}, std::move(name)) : std::nullopt;
}

Parser::Result Parser::enclosed(std::string_view close, std::string_view function) {
  ++at_;
  const Result inner = list();
  if (!inner || !take_symbol(close)) return std::nullopt;
  return add(function == "norm" ? Kind::call : Kind::function, {*inner}, std::string(function));
}

Parser::Result Parser::absolute_value() {
  ++at_;
  ++open_bars_;
  const Result inner = sum();
  --open_bars_;
  return inner && take_symbol("|") ? add(Kind::function, {*inner}, "abs") : std::nullopt;
}

Parser::Result Parser::command() {
  const std::string name = peek().text;
  ++at_;
  if (name == "frac") return fraction();
  if (name == "sqrt" || name == "cbrt") return radical(name);
  if (name == "binom") return binomial();
  if (name == "begin") return environment();
  if (name == "pi" || name == "infty") return add(Kind::constant, {}, name);
  if (name == "emptyset") return add(Kind::set, {});
  if (name == "ldots") return add(Kind::symbol, {}, "...");
  if (name == "sum" || name == "prod" || name == "int" || name == "lim" || name == "oint") return big_operator(name);
  if (const std::string_view known = function_of_command(name); !known.empty()) return function(known);
  if (name == "abs" || name == "floor" || name == "ceil") return function(name);
  static constexpr std::array<std::string_view, 10> kPrefixes = {
      "overline", "bar", "hat", "widehat", "tilde", "dot", "triangle", "measuredangle", "angle", "star"};
  if (std::find(kPrefixes.begin(), kPrefixes.end(), name) == kPrefixes.end()) return add(Kind::symbol, {}, "\\" + name);
  const Result operand = primary();
  return operand ? add(Kind::call, {*operand}, name == "measuredangle" ? "angle" : name) : std::nullopt;
}

// The argument of a command without braces is one digit, one letter or one command: \frac12 is 1/2.
Parser::Result Parser::argument() {
  if (is_symbol("{")) return braces();
  Token& token = tokens_[at_];
  if (token.kind == TokenKind::number && token.text.size() > 1) {
    const auto digit = number_node(token.text.substr(0, 1), limits_.max_bits, budget_);
    token.text.erase(0, 1);
    if (!digit || token.text[0] == '.' || token.text[0] == 'e') return std::nullopt;
    return add(*digit);
  }
  return is_symbol("-") ? sign() : primary();
}

Parser::Result Parser::fraction() {
  const Result above = argument(), below = above ? argument() : std::nullopt;
  return below ? add(Kind::quotient, {*above, *below}) : std::nullopt;
}

Parser::Result Parser::radical(const std::string& name) {
  Result index = add_number(name == "cbrt" ? 3 : 2);
  if (name == "sqrt" && take_symbol("[")) {
    index = sum();
    if (!index || !take_symbol("]")) return std::nullopt;
  }
  const Result radicand = primary();
  return radicand && index ? add(Kind::root, {*radicand, *index}) : std::nullopt;
}

Parser::Result Parser::binomial() {
  const Result above = argument(), below = above ? argument() : std::nullopt;
  return below ? add(Kind::function, {*above, *below}, "binom") : std::nullopt;
}

// \log_2 8 and \log_{2}(8); without braces one digit.
Parser::Result Parser::logarithm_base() {
  if (!take_symbol("_")) return add_number(10);
  return argument();
}

Parser::Result Parser::function(std::string_view name) {
  Result base;
  if (name == "log" || name == "lg") {
    base = logarithm_base();
    if (!base) return std::nullopt;
  }
  Result exponent;
  if (take_symbol("^")) {
    exponent = script();
    if (!exponent) return std::nullopt;
  }
  ++open_functions_;
  const Result argument = function_argument();
  --open_functions_;
  if (!argument) return std::nullopt;
  std::vector<NodeId> children = {*argument};
  if (at(*argument).kind == Kind::bracket || at(*argument).kind == Kind::list) children = at(*argument).children;
  if (base) children.push_back(*base);
  std::string canonical(name == "lg" ? "log" : name);
  // sin^{-1} is the inverse function, every other exponent a power of the value.
  const bool is_inverse = exponent && at(*exponent).kind == Kind::negate && is_whole(at(at(*exponent).children[0])) &&
                          at(at(*exponent).children[0]).value == Fraction(1);
  if (is_inverse && !function_of_command("arc" + canonical).empty()) {
    return add(Kind::function, std::move(children), "a" + canonical);
  }
  const Result value = add(Kind::function, std::move(children), canonical);
  return exponent && value ? add(Kind::power, {*value, *exponent}) : value;
}

// A bracket, or factors up to the next function or operator: \sin 2x, \ln|x|, 2\cos a\sin b.
Parser::Result Parser::function_argument() {
  if (is_symbol("(") || is_symbol("{") || is_symbol("|") || is_symbol("[")) return primary();
  const bool is_negative = take_symbol("-");
  std::vector<NodeId> factors;
  do {
    const Result factor = factors.empty() ? power() : implicit_factor();
    if (!factor) return std::nullopt;
    factors.push_back(*factor);
  } while (starts_operand() && !is_symbol("(") && function_of_command(peek().text).empty());
  const Result value = collect(std::move(factors));
  return value && is_negative ? add(Kind::negate, {*value}) : value;
}

// \sum_{k=1}^{n} body. Other operators with scripts (\int, \lim) have no value here: they equal only themselves.
Parser::Result Parser::big_operator(const std::string& name) {
  Result lower, upper;
  for (int scripts = 0; scripts < 2; ++scripts) {
    if (!lower && take_symbol("_")) {
      lower = is_symbol("{") ? braces() : argument();
      if (!lower) return std::nullopt;
    } else if (!upper && take_symbol("^")) {
      upper = script();
      if (!upper) return std::nullopt;
    }
  }
  const Result body = product();
  if (!body) return std::nullopt;
  const bool has_range = lower && upper && at(*lower).kind == Kind::relation && at(*lower).relations.size() == 1 &&
                         at(*lower).relations[0] == Relation::equal;
  if (has_range && (name == "sum" || name == "prod")) {
    const NodeId variable = at(*lower).children[0], begin = at(*lower).children[1];
    const Kind kind = at(variable).kind;
    if (kind == Kind::symbol || kind == Kind::constant) {
      return add(Kind::sum_over, {variable, begin, *upper, *body}, name);
    }
  }
  std::vector<NodeId> children;
  if (lower) children.push_back(*lower);
  if (upper) children.push_back(*upper);
  children.push_back(*body);
  return add(Kind::call, std::move(children), name);
}

}  // namespace lockstep::rewards::math
