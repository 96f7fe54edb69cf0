// SPDX-License-Identifier: Apache-2.0
// Sums, products, signs, powers, and what stands behind an operand: units, factorials, subscripts.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "rewards/math/parser.h"
#include "rewards/math/words.h"

namespace lockstep::rewards::math {
namespace {

// Counts a level of nesting for as long as it lives.
class Level {
 public:
  explicit Level(int& depth) : depth_(depth) { ++depth_; }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

bool is_any(std::string_view text, std::initializer_list<std::string_view> of) {
  return std::any_of(of.begin(), of.end(),
                     [&](std::string_view one) { return text.substr(0, 1) == one.substr(0, 1) && text == one; });
}

bool is_magnitude(std::string_view phrase) { return power_of_ten(phrase.substr(0, phrase.find(' '))).has_value(); }

void append_unit(std::string& name, const std::string& unit) {
  if (!name.empty() && name.back() != '/') name += ' ';
  name += unit;
}

bool is_measure_kind(TokenKind kind) {
  return kind == TokenKind::unit || kind == TokenKind::currency || kind == TokenKind::phrase;
}

}  // namespace

Parser::Result Parser::sum() {
  std::vector<NodeId> terms;
  while (true) {
    const bool is_first = terms.empty();
    const bool is_plus_minus = is_command("pm") || is_command("mp");
    const std::string operation = peek().text;
    const bool is_operator = is_plus_minus || is_symbol("+") || is_symbol("-");
    if (!is_first && !is_operator) break;
    // A leading sign belongs to the first factor's product: -a b is -(a b).
    if (is_operator) ++at_;
    Result term = product();
    if (!term) return std::nullopt;
    if (is_plus_minus) term = add(Kind::plus_minus, {*term}, operation);
    if (is_operator && operation == "-") term = negated(*term);
    if (!term) return std::nullopt;
    terms.push_back(*term);
  }
  if (terms.size() == 1) return terms[0];
  return has_matrix(terms) ? matrix_sum(terms) : add(Kind::sum, std::move(terms));
}

Parser::Result Parser::product() {
  std::vector<NodeId> factors;
  // Appends the factor; an operator that is no multiplication takes the product so far as its left side.
  const auto push = [&](const Result& factor) {
    if (factor) factors.push_back(*factor);
    return factor.has_value();
  };
  const auto apply = [&](Kind kind, const Result& right, std::string name = {}) {
    const Result left = collect(factors);
    factors.clear();
    return left && right && push(add(kind, {*left, *right}, std::move(name)));
  };
  if (!push(sign())) return std::nullopt;
  while (true) {
    bool is_valid = true;
    if (take_symbol("*")) {
      is_valid = push(sign());
    } else if (take_symbol("/")) {
      is_valid = apply(Kind::quotient, sign());
    } else if (take_command("bmod") || take_command("mod")) {
      is_valid = apply(Kind::function, sign(), "mod");
    } else if (take_command("pmod")) {
      is_valid = apply(Kind::call, argument(), "pmod");
    } else if (starts_operand()) {
      is_valid = push(implicit_factor());
    } else {
      break;
    }
    if (!is_valid) return std::nullopt;
  }
  const Result all = collect(factors);
  // 1011 base 2
  const bool has_base = peek().kind == TokenKind::phrase && (peek().text == "base" || peek().text == "in base");
  if (all && has_base && peek(1).kind == TokenKind::number && at_ > 0 && tokens_[at_ - 1].kind == TokenKind::number) {
    at_ += 2;
    return based(*all, tokens_[at_ - 3].text, tokens_[at_ - 1].text);
  }
  return all && is_measure_kind(peek().kind) ? with_unit(*all) : all;
}

Parser::Result Parser::collect(std::vector<NodeId> factors) {
  if (factors.size() == 1) return factors[0];
  return has_matrix(factors) ? matrix_product(factors) : add(Kind::product, std::move(factors));
}

// A factor without an operator in front. Two numbers side by side are no product.
Parser::Result Parser::implicit_factor() {
  if (peek().kind == TokenKind::number && at_ > 0 && tokens_[at_ - 1].kind == TokenKind::number) return std::nullopt;
  return power();
}

bool Parser::ends_item(const Token& token) const {
  if (token.kind == TokenKind::end || token.kind == TokenKind::conjunction) return true;
  if (token.kind == TokenKind::command) return is_any(token.text, {"pm", "mp", "end", "cup", "in", "text"});
  return token.kind == TokenKind::symbol &&
         !is_any(token.text, {"(", "[", "{", "\\{", "_", "^", "'", "|", "\\|", "!", "deg", "*", "/", "\\langle"});
}

// An amount and its unit: "cm^2", "m/s", "kg m", "apples". A unit ends an item; in the middle of one it is a word that we
// do not understand.
Parser::Result Parser::with_unit(NodeId amount) {
  std::string name;
  while (!ends_item(peek())) {
    const Token& token = peek();
    if (token.kind == TokenKind::unit || token.kind == TokenKind::currency) {
      append_unit(name, token.text);
      ++at_;
    } else if (token.kind == TokenKind::phrase && is_magnitude(token.text)) {
      if (!name.empty()) return std::nullopt;
      const Result scaled = magnified(amount);
      if (!scaled) return std::nullopt;
      amount = *scaled;
    } else if (token.kind == TokenKind::phrase && is_measure(token.text)) {
      const auto unit = unit_name(token.text);
      append_unit(name, unit ? *unit : singular(token.text));
      ++at_;
    } else if (!name.empty() && is_symbol("^")) {
      ++at_;
      name += '^';
      name += script_text();
    } else if (!name.empty() && is_symbol("/")) {
      ++at_;
      name += '/';
    } else if (!name.empty() && is_symbol("*")) {
      ++at_;
    } else {
      return std::nullopt;
    }
  }
  return name.empty() ? Result(amount) : add(Kind::unit, {amount}, canonical_unit(name));
}

// 5 million, 5 million dollars: the first word multiplies, the others are a unit.
Parser::Result Parser::magnified(NodeId amount) {
  Token& token = tokens_[at_];
  const std::string word = token.text.substr(0, token.text.find(' '));
  const Result factor = add_number(Fraction(math::power(Integer(10), static_cast<uint64_t>(*power_of_ten(word)))));
  if (word.size() == token.text.size()) {
    ++at_;
  } else {
    token.text.erase(0, word.size() + 1);
  }
  return factor ? add(Kind::product, {amount, *factor}) : std::nullopt;
}

bool Parser::starts_operand() const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::number:
    case TokenKind::word:
      return !(token.kind == TokenKind::word && is_any(token.text, {"U"}) && at_ > 0 &&
               is_any(tokens_[at_ - 1].text, {")", "]", "\\}"}));
    case TokenKind::symbol:
      if (token.text == "|") return open_bars_ == 0;

      return is_any(token.text, {"(", "{", "\\lfloor", "\\lceil", "\\{"});
    case TokenKind::command:
      return !is_any(token.text,
                     {"pm",       "mp",         "cup",    "cap", "setminus", "in",     "notin",          "subset",
                      "subseteq", "equiv",      "to",     "sim", "cong",     "end",    "bmod",           "mod",
                      "pmod",     "Rightarrow", "propto", "not", "forall",   "exists", "Leftrightarrow", "circ",
                      "over",     "choose"});
    default:
      return false;
  }
}

// Signs in front of a factor, in a loop: a thousand of them cost no stack.
Parser::Result Parser::sign() {
  bool is_negative = false;
  while (is_symbol("-") || is_symbol("+")) {
    is_negative ^= is_symbol("-");
    ++at_;
  }
  const bool is_plus_minus = is_command("pm") || is_command("mp");
  const std::string name = peek().text;
  if (is_plus_minus) ++at_;
  Result operand = power();
  if (operand && is_plus_minus) operand = add(Kind::plus_minus, {*operand}, name);
  return operand && is_negative ? negated(*operand) : operand;
}

// The sign goes below percent sign and unit, so that those stay at the top.
Parser::Result Parser::negated(NodeId operand) {
  const Node node = at(operand);
  if (node.kind == Kind::matrix) {
    const Result minus_one = add_number(-1);
    return minus_one ? matrix_product({*minus_one, operand}) : std::nullopt;
  }
  if (node.kind != Kind::percent && node.kind != Kind::unit) return add(Kind::negate, {operand});
  const Result inner = negated(node.children[0]);
  return inner ? add(node.kind, {*inner}, node.text) : std::nullopt;
}

Parser::Result Parser::power() {
  const Level level(depth_);
  // One bracket costs several levels of calls; the limit counts each operand inside another.
  if (depth_ > limits_.max_depth) return std::nullopt;
  Result base = primary();
  bool is_done = false;
  while (base && !is_done) base = postfix(*base, is_done);
  return base;
}

Parser::Result Parser::postfix(NodeId base, bool& is_done) {
  if (take_symbol("!")) return add(Kind::factorial, {base});
  if (take_symbol("%")) return add(Kind::percent, {base});
  if (take_symbol("^")) return raised(base);
  if (take_symbol("_")) return subscripted(base);
  if (take_symbol("'")) return marked(base, "'");
  if (take_symbol("deg")) return degrees(base);
  is_done = true;
  return base;
}

Parser::Result Parser::degrees(NodeId base) {
  const Token& token = peek();
  const bool is_temperature = (token.kind == TokenKind::word && is_any(token.text, {"C", "F"})) ||
                              (token.kind == TokenKind::phrase && is_any(token.text, {"celsius", "fahrenheit"}));
  if (!is_temperature && open_functions_ > 0) return add(Kind::degree, {base});
  if (!is_temperature) return add(Kind::unit, {base}, "degree");
  const std::string name = is_any(token.text, {"C", "celsius"}) ? "celsius" : "fahrenheit";
  ++at_;
  return add(Kind::unit, {base}, name);
}

Parser::Result Parser::raised(NodeId base) {
  const size_t braces = is_symbol("{") ? 1 : 0;
  const bool is_degree = is_command("circ", braces) || is_symbol("deg", braces);
  if (is_degree && (braces == 0 || is_symbol("}", 2))) {
    at_ += 1 + 2 * braces;
    return degrees(base);
  }
  if (is_symbol("'", braces) && (braces == 0 || is_symbol("}", 2))) {
    at_ += 1 + 2 * braces;
    return marked(base, "'");
  }
  const bool is_transpose =
      (peek(braces).text == "T" || is_command("top", braces)) && (braces == 0 || is_symbol("}", 2));
  if (is_transpose && (at(base).kind == Kind::matrix || at(base).kind == Kind::bracket)) {
    at_ += 1 + 2 * braces;
    return transposed(base);
  }
  const Result exponent = script();
  return exponent ? add(Kind::power, {base, *exponent}) : std::nullopt;
}

// What a script sign takes: a group, or a sign and one operand.
Parser::Result Parser::script() {
  const Level level(depth_);
  if (depth_ > limits_.max_depth) return std::nullopt;
  bool is_negative = false;
  while (is_symbol("-") || is_symbol("+")) {
    is_negative ^= is_symbol("-");
    ++at_;
  }
  Result operand = is_symbol("{") ? braces() : primary();
  // Powers associate to the right: 2^3^2 is 2^9.
  if (operand && take_symbol("^")) operand = raised(*operand);
  return operand && is_negative ? add(Kind::negate, {*operand}) : operand;
}

// The spelling of a subscript, or of a unit's power: a group without its braces, or one token.
std::string Parser::script_text() {
  if (!is_symbol("{")) {
    std::string text = is_symbol("-") ? "-" : "";
    if (!text.empty()) ++at_;
    if (peek().kind == TokenKind::end) return text;
    return text + tokens_[at_++].text;
  }
  ++at_;
  std::vector<Token> inside;
  for (int open = 1; peek().kind != TokenKind::end; ++at_) {
    open += is_symbol("{") ? 1 : is_symbol("}") ? -1 : 0;
    if (open == 0) break;
    inside.push_back(peek());
  }
  take_symbol("}");
  return spelling(inside);
}

Parser::Result Parser::subscripted(NodeId base) {
  // The digits as they were written, 204_5 or (204)_5.
  const size_t inside = at_ >= 4 && tokens_[at_ - 2].text == ")" && tokens_[at_ - 4].text == "(" ? 1 : 0;
  const bool is_digits = at_ >= 2 + inside && tokens_[at_ - 2 - inside].kind == TokenKind::number;
  const std::string digits = is_digits ? tokens_[at_ - 2 - inside].text : "";
  std::string text = script_text();
  if (text.empty()) return std::nullopt;
  return at(base).kind == Kind::number ? based(base, digits, std::move(text)) : marked(base, "_" + text);
}

// x' and x_1 are other symbols than x.
Parser::Result Parser::marked(NodeId base, const std::string& mark) {
  const Node& node = at(base);
  const bool is_name = node.kind == Kind::symbol || (node.kind == Kind::constant && mark[0] == '_');
  if (!is_name) return add(Kind::call, {base}, mark);
  // Every further mark copies the name so far.
  constexpr size_t kMaxName = 256;
  return node.text.size() + mark.size() <= kMaxName ? add(Kind::symbol, {}, node.text + mark) : std::nullopt;
}

// A number in base `radix`, a numeral or its word.
Parser::Result Parser::based(NodeId base, const std::string& digits, std::string radix_text) {
  std::string& text = radix_text;
  // From two on.
  static constexpr std::array<std::string_view, 11> kWords = {"two",   "three", "four", "five",   "six",   "seven",
                                                              "eight", "nine",  "ten",  "eleven", "twelve"};
  if (text.substr(0, 4) == "base") text = std::string(base::trim(std::string_view(text).substr(4)));
  const auto word = std::find(kWords.begin(), kWords.end(), text);
  if (word != kWords.end()) text = std::to_string(2 + (word - kWords.begin()));
  if (text == "sixteen") text = "16";
  const auto radix = number_node(text, limits_.max_bits, budget_);
  const bool is_radix =
      radix && radix->value.is_integer() && radix->value >= Fraction(2) && radix->value <= Fraction(36);
  if (!is_radix || digits.empty()) return add(Kind::call, {base}, "_" + text);
  Node node{.kind = Kind::based, .value = radix->value, .text = digits};
  return add(std::move(node));
}

}  // namespace lockstep::rewards::math
