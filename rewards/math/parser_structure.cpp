// SPDX-License-Identifier: Apache-2.0
// Lists, relations, ratios, unions, brackets, sets and matrices.
#include <algorithm>
#include <array>

#include "rewards/math/parser.h"

namespace lockstep::rewards::math {
namespace {

bool is_separator(const Token& token) {
  if (token.kind == TokenKind::conjunction) return true;
  return token.kind == TokenKind::symbol && (token.text == "," || token.text == ";" || token.text == "\\\\");
}

bool is_closing(const Token& token) {
  static constexpr std::array<std::string_view, 7> kClosing = {")", "]", "}", "\\}", "\\rangle", "\\rfloor", "\\rceil"};
  if (token.kind == TokenKind::end) return true;
  return token.kind == TokenKind::symbol && std::find(kClosing.begin(), kClosing.end(), token.text) != kClosing.end();
}

bool is_set_like(const Node& node) {
  return node.kind == Kind::bracket || node.kind == Kind::set || node.kind == Kind::unite ||
         (node.kind == Kind::symbol && node.text.substr(0, 2) == "bb");
}

// "The answer is" in front of the answer itself, made of words that only announce: "it is not 5" does not.
bool is_preamble(const Token& token, const Token& next) {
  static constexpr std::array<std::string_view, 22> kWords = {
      "the",  "final", "answer",    "answers", "result", "value", "values", "solution", "solutions", "total",  "so",
      "thus", "hence", "therefore", "it",      "this",   "we",    "get",    "is",       "are",       "equals", "of"};
  if (token.kind != TokenKind::phrase || next.kind == TokenKind::end) return false;
  std::string_view last;
  for (size_t begin = 0; begin < token.text.size();) {
    const size_t end = std::min(token.text.find(' ', begin), token.text.size());
    last = std::string_view(token.text).substr(begin, end - begin);
    // "the value of x is": a letter is a name.
    if (last.size() > 1 && std::find(kWords.begin(), kWords.end(), last) == kWords.end()) return false;
    begin = end + 1;
  }
  const bool is_colon = next.kind == TokenKind::symbol && next.text == ":";
  return is_colon || last == "is" || last == "are" || last == "equals" || last == "get";
}

}  // namespace

std::optional<Expression> Parser::run() {
  if (is_preamble(peek(), peek(1))) at_ += peek(1).text == ":" ? 2 : 1;
  const Result root = list();
  if (!root || peek().kind != TokenKind::end) return std::nullopt;
  return Expression{std::move(nodes_), *root};
}

std::optional<Expression> parse(std::vector<Token> tokens, const Limits& limits) {
  return Parser(std::move(tokens), limits).run();
}

Parser::Result Parser::list() {
  std::vector<NodeId> items;
  std::string joined = ",";
  bool has_separator = false;
  while (true) {
    for (; is_separator(peek()) && !is_row_end(); ++at_) {
      if (items.empty()) return std::nullopt;
      if (peek().kind == TokenKind::conjunction) joined = peek().text;
      has_separator = true;
    }
    // ] may open: ]0, 1[.
    if ((is_closing(peek()) && !(items.empty() && is_symbol("]"))) || is_symbol("&") || is_row_end() ||
        is_command("end"))
      break;
    if (!items.empty() && !has_separator) break;
    has_separator = false;
    const Result one = item();
    if (!one) return std::nullopt;
    items.push_back(*one);
    if (!is_separator(peek()) || is_row_end()) break;
  }
  if (items.empty()) return std::nullopt;
  return items.size() == 1 ? Result(items[0]) : add(Kind::list, std::move(items), joined);
}

bool Parser::is_row_end() const { return is_in_matrix_ && is_symbol("\\\\"); }

Parser::Result Parser::item() {
  if (is_command("forall") || is_command("exists")) {
    const std::string name = peek().text;
    ++at_;
    const Result inner = relation();
    return inner ? add(Kind::call, {*inner}, name) : std::nullopt;
  }
  if (take_command("ldots")) return add(Kind::symbol, {}, "...");
  return relation();
}

std::optional<Relation> Parser::take_relation() {
  static constexpr std::array<std::pair<std::string_view, Relation>, 8> kSymbols = {{{"=", Relation::equal},
                                                                                     {"!=", Relation::not_equal},
                                                                                     {"<", Relation::less},
                                                                                     {"<=", Relation::less_equal},
                                                                                     {">", Relation::greater},
                                                                                     {">=", Relation::greater_equal},
                                                                                     {"~~", Relation::approximate},
                                                                                     {"->", Relation::arrow}}};
  static constexpr std::array<std::pair<std::string_view, Relation>, 8> kCommands = {{{"in", Relation::member},
                                                                                      {"notin", Relation::not_member},
                                                                                      {"subset", Relation::subset},
                                                                                      {"to", Relation::arrow},
                                                                                      {"subseteq", Relation::subset},
                                                                                      {"equiv", Relation::congruent},
                                                                                      {"cong", Relation::congruent},
                                                                                      {"sim", Relation::approximate}}};
  const Token& token = peek();
  if (token.kind == TokenKind::command && token.text == "not" && is_symbol("=", 1)) {
    at_ += 2;
    return Relation::not_equal;
  }
  const auto search = [&](const auto& table) -> std::optional<Relation> {
    for (const auto& [text, relation] : table) {
      if (token.text == text) return relation;
    }
    return std::nullopt;
  };
  std::optional<Relation> found;
  if (token.kind == TokenKind::symbol) found = search(kSymbols);
  if (token.kind == TokenKind::command) found = search(kCommands);
  if (found) ++at_;
  return found;
}

Parser::Result Parser::relation() {
  take_symbol("=");  // "= 5"
  Node node{.kind = Kind::relation};
  Result operand = ratio();
  if (!operand) return std::nullopt;
  node.children.push_back(*operand);
  while (const auto relation = take_relation()) {
    take_symbol("=");  // "<==" or "x \leq= 5" do occur
    operand = ratio();
    if (!operand) return std::nullopt;
    node.children.push_back(*operand);
    node.relations.push_back(*relation);
  }
  return node.relations.empty() ? Result(node.children[0]) : add(std::move(node));
}

bool Parser::is_ratio_colon() const { return is_symbol(":") && !is_in_set_; }

Parser::Result Parser::ratio() {
  const size_t begin = at_;
  Result first = set_operation();
  if (!first || !is_ratio_colon()) return first;
  Node node{.kind = Kind::ratio, .children = {*first}};
  while (is_ratio_colon()) {
    ++at_;
    const Result next = take_command("ldots") ? add(Kind::symbol, {}, "...") : set_operation();
    if (!next) return std::nullopt;
    node.children.push_back(*next);
  }
  // 7:32 may be a time: two or three fields of digits, all but the first with exactly two.
  const size_t num_fields = node.children.size();
  node.is_time = num_fields <= 3;
  for (size_t i = 0; i < num_fields && node.is_time; ++i) {
    const Token& field = tokens_[std::min(begin + 2 * i, tokens_.size() - 1)];
    node.is_time = field.kind == TokenKind::number && (i == 0 ? field.text.size() <= 2 : field.text.size() == 2) &&
                   std::all_of(field.text.begin(), field.text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  // 3:30 pm: the unit is the whole's.
  const Node last = at(node.children.back());
  if (last.kind != Kind::unit) return add(std::move(node));
  node.children.back() = last.children[0];
  const Result whole = add(std::move(node));
  return whole ? add(Kind::unit, {*whole}, last.text) : std::nullopt;
}

Parser::Result Parser::set_operation() {
  Result left = sum();
  while (left) {
    const bool is_plain_union =
        peek().kind == TokenKind::word && (peek().text == "U" || peek().text == "u") && is_set_like(at(*left));
    if (take_command("cup") || (peek().kind == TokenKind::phrase && peek().text == "union") || is_plain_union) {
      if (is_plain_union || peek().text == "union") ++at_;
      const Result right = sum();
      left = right ? add(Kind::unite, {*left, *right}) : std::nullopt;
    } else if (take_command("cap")) {
      const Result right = sum();
      left = right ? add(Kind::intersect, {*left, *right}) : std::nullopt;
    } else if (take_command("setminus")) {
      const Result right = sum();
      left = right ? add(Kind::except, {*left, *right}) : std::nullopt;
    } else {
      return left;
    }
  }
  return left;
}

// ( or [ or ] at the start of an operand. One element in equal brackets is a group, several make a tuple or an interval.
Parser::Result Parser::bracket() {
  const std::string open = peek().text;
  ++at_;
  const int bars = std::exchange(open_bars_, 0);
  const bool was_in_set = std::exchange(is_in_set_, false);
  const Result inner = list();
  open_bars_ = bars;
  is_in_set_ = was_in_set;
  if (!inner || peek().kind != TokenKind::symbol) return std::nullopt;
  const std::string close = peek().text;
  const bool is_reversed = close == "[" && open != "(";
  if (close != ")" && close != "]" && !is_reversed) return std::nullopt;
  ++at_;
  // French: ]a, b[ is the open interval.
  const std::string delimiters = std::string(open == "[" ? "[" : "(") + (close == "]" ? "]" : ")");
  if (at(*inner).kind != Kind::list) {
    const bool is_group = (open == "(" && close == ")") || (open == "[" && close == "]");
    return is_group ? inner : std::nullopt;
  }
  return add(Kind::bracket, at(*inner).children, delimiters);
}

// {...} of LaTeX is invisible.
Parser::Result Parser::braces() {
  ++at_;
  if (take_symbol("}")) return std::nullopt;
  const bool was_in_set = std::exchange(is_in_set_, false);
  const int bars = std::exchange(open_bars_, 0);
  Result inner = list();
  if (inner && (is_command("choose") || is_command("over"))) {
    const bool is_fraction = is_command("over");
    ++at_;
    const Result below = list();
    if (!below) return std::nullopt;
    inner = is_fraction ? add(Kind::quotient, {*inner, *below}) : add(Kind::function, {*inner, *below}, "binom");
  }
  is_in_set_ = was_in_set;
  open_bars_ = bars;
  return inner && take_symbol("}") ? inner : std::nullopt;
}

Parser::Result Parser::set() {
  ++at_;
  if (take_symbol("\\}")) return add(Kind::set, {});
  const bool was_in_set = std::exchange(is_in_set_, true);
  const int bars = std::exchange(open_bars_, 1);  // a bar ends the element of {x | ...}
  Result inner = list();
  if (inner && (is_symbol("|") || is_symbol(":"))) {
    ++at_;
    open_bars_ = 0;
    is_in_set_ = false;
    const Result condition = list();
    inner = condition ? add(Kind::builder, {*inner, *condition}) : std::nullopt;
  }
  is_in_set_ = was_in_set;
  open_bars_ = bars;
  if (!inner || !take_symbol("\\}")) return std::nullopt;
  if (at(*inner).kind == Kind::builder) return inner;
  if (at(*inner).kind != Kind::list) return add(Kind::set, {*inner});
  return add(Kind::set, at(*inner).children);
}

Parser::Result Parser::angle_bracket() {
  ++at_;
  const Result inner = list();
  if (!inner || !take_symbol("\\rangle")) return std::nullopt;
  return at(*inner).kind == Kind::list ? add(Kind::bracket, at(*inner).children, "()") : inner;
}

// The index of the \end that belongs to the environment that was just opened.
std::optional<size_t> Parser::find_end() const {
  int open = 1;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::command) continue;
    if (tokens_[i].text == "begin") ++open;
    if (tokens_[i].text == "end" && --open == 0) return i;
  }
  return std::nullopt;
}

void Parser::drop_alignment(size_t end) {
  const auto first = tokens_.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto last = tokens_.begin() + static_cast<std::ptrdiff_t>(end);
  const auto is_mark = [](const Token& token) { return token.kind == TokenKind::symbol && token.text == "&"; };
  tokens_.erase(std::remove_if(first, last, is_mark), last);
}

// \begin{...}: matrices become matrices, systems and cases lists of their rows.
Parser::Result Parser::environment() {
  static constexpr std::array<std::string_view, 9> kMatrices = {
      "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array", "psmallmatrix"};
  if (!is_symbol("{") || !is_symbol("}", 2)) return std::nullopt;
  const std::string name = peek(1).text;
  at_ += 3;
  const auto end = find_end();
  if (!end) return std::nullopt;
  Result inner;
  if (std::find(kMatrices.begin(), kMatrices.end(), name) != kMatrices.end()) {
    inner = matrix(name, *end);
  } else {
    drop_alignment(*end);
    inner = list();
  }
  if (!inner || !take_command("end") || !is_symbol("{") || !is_symbol("}", 2)) return std::nullopt;
  at_ += 3;
  return inner;
}

Parser::Result Parser::matrix(const std::string& name, size_t end) {
  if (name == "array" && is_symbol("{")) {  // its column specification
    while (at_ < end && !is_symbol("}")) ++at_;
    ++at_;
  }
  Node node{.kind = Kind::matrix, .text = name == "vmatrix" ? "det" : ""};
  uint32_t columns = 0;
  while (at_ < end) {
    const bool was_in_matrix = std::exchange(is_in_matrix_, true);
    const Result cell = list();
    is_in_matrix_ = was_in_matrix;
    if (!cell) return std::nullopt;
    node.children.push_back(*cell);
    ++columns;
    if (take_symbol("&")) continue;
    if (at_ < end && !take_symbol("\\\\")) return std::nullopt;
    if (node.columns != 0 && node.columns != columns) return std::nullopt;
    node.columns = columns;
    columns = 0;
  }
  return columns == 0 && node.columns != 0 ? add(std::move(node)) : std::nullopt;
}

}  // namespace lockstep::rewards::math
