// SPDX-License-Identifier: Apache-2.0
// One pass over the bytes; every step moves forward, so it is linear in the text.
#include "rewards/math/lexer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rewards/math/commands.h"
#include "rewards/math/unicode.h"
#include "rewards/math/words.h"
#include "rewards/math/wrapping.h"

namespace lockstep::rewards::math {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes of other scripts make words too.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

constexpr int kMaxTextDepth = 4;
constexpr size_t kMaxProse = 256;  // of \mathrm{...}: longer ones are formulas

class Lexer {
 public:
  Lexer(std::string_view text, const Reading& reading, bool has_odd_dollars, int depth)
      : text_(text),
        reading_(reading),
        has_odd_dollars_(has_odd_dollars),
        depth_(depth),
        last_content_(text.find_last_not_of(" \t\r\n$.*?\\)]},;!")) {}

  Tokens run() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  bool has(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  char peek(size_t offset = 0) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }

  void emit(TokenKind kind, std::string text) {
    if (kind == TokenKind::symbol) {
      open_brackets_ += text == "(" || text == "[" || text == "\\{"   ? 1
                        : text == ")" || text == "]" || text == "\\}" ? -1
                                                                      : 0;
    }
    tokens_.list.push_back({kind, std::move(text), is_after_space_, depth_ > 0});
    is_after_space_ = false;
  }

  void step() {
    const char c = peek();
    if (is_space(c)) {
      is_after_space_ = true;
      ++at_;
    } else if (c == '\\') {
      backslash();
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else if (is_letter(c)) {
      const size_t begin = at_;
      while (is_letter(peek())) ++at_;
      std::string letters(text_.substr(begin, at_ - begin));
      if ((letters == "a" || letters == "p") && has(".m")) {  // a.m., p.m.
        at_ += peek(2) == '.' ? 3 : 2;
        letters += 'm';
      }
      emit(TokenKind::word, std::move(letters));
    } else if (c == '$') {
      dollar();
    } else {
      punctuation();
    }
  }

  void dollar() {
    ++at_;
    const bool is_before_amount = is_digit(peek()) || peek() == '-' || (peek() == '.' && is_digit(peek(1)));
    const bool is_behind_amount = !tokens_.list.empty() && tokens_.list.back().kind == TokenKind::number;
    if (has_odd_dollars_ && (is_before_amount || is_behind_amount)) emit(TokenKind::currency, "dollar");
  }

  void punctuation() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kOperators = {{{"<=", "<="},
                                                                                                  {">=", ">="},
                                                                                                  {"!=", "!="},
                                                                                                  {"==", "="},
                                                                                                  {":=", "="},
                                                                                                  {"<>", "!="},
                                                                                                  {"**", "^"},
                                                                                                  {"+-", "+-"},
                                                                                                  {"+/-", "+-"},
                                                                                                  {"...", "ldots"},
                                                                                                  {"=<", "<="},
                                                                                                  {"=>", "=>"},
                                                                                                  {"->", "->"},
                                                                                                  {"\"", ""},
                                                                                                  {"`", ""}}};
    for (const auto& [from, to] : kOperators) {
      if (!has(from)) continue;
      at_ += from.size();
      if (to == "ldots") {
        emit(TokenKind::command, "ldots");
      } else if (to == "+-") {
        emit(TokenKind::command, "pm");
      } else if (!to.empty()) {
        emit(TokenKind::symbol, std::string(to));
      }
      return;
    }
    const char c = text_[at_++];
    // A full stop or question mark at the end is the sentence's, in front of a letter it is noise.
    if (c == '.' || c == '?') {
      const bool is_last = at_ > last_content_ || last_content_ == std::string_view::npos;
      if (is_last && (c == '.' || !tokens_.list.empty())) return;
      // An abbreviation: "sq. ft."
      if (c == '.' && !tokens_.list.empty() && tokens_.list.back().kind == TokenKind::word && !is_after_space_) return;
    }
    if (static_cast<unsigned char>(c) >= 0x20) emit(TokenKind::symbol, std::string(1, c));
  }

  void backslash() {
    const char c = peek(1);
    if (is_letter(c)) return command();
    at_ += c == '\0' ? 1 : 2;
    switch (c) {
      case ' ':
      case ',':
      case ';':
      case ':':
      case '!':
      case '\n':
      case '/':
        is_after_space_ = c != '!' && c != '/';
        break;
      case '{':
      case '}':
      case '|':
        emit(TokenKind::symbol, std::string("\\") + c);
        break;
      case '%':
        emit(TokenKind::symbol, "%");
        break;
      case '$':
        emit(TokenKind::currency, "dollar");
        break;
      case '&':
        emit(TokenKind::conjunction, "and");
        break;
      case '\\':
        emit(TokenKind::symbol, "\\\\");
        break;
      default:
        break;  // \( \) \[ \] \# \_ \- mean nothing
    }
  }

  void command() {
    const size_t begin = ++at_;
    while ((peek() >= 'a' && peek() <= 'z') || (peek() >= 'A' && peek() <= 'Z')) ++at_;
    std::string name(text_.substr(begin, at_ - begin));
    if (name.empty()) return;
    switch (use_of_command(name)) {
      case CommandUse::space:
        is_after_space_ = true;
        return;
      case CommandUse::drop:
        // \left. and \right. are invisible brackets.
        if ((name == "left" || name == "right") && peek() == '.') ++at_;
        return;
      case CommandUse::drop_argument:
        take_argument();
        return;
      case CommandUse::text:
        return text_argument();
      case CommandUse::maybe_text:
        if (is_prose_ahead()) text_argument();
        return;
      case CommandUse::blackboard:
        return emit(TokenKind::command, "bb" + std::string(base::trim(take_argument())));
      case CommandUse::name:
        if (peek() == '*') ++at_;
        return emit(TokenKind::word, std::string(base::trim(take_argument())));
      case CommandUse::keep:
        if (auto token = token_of_command(name)) return emit(token->kind, token->text);
        return emit(TokenKind::command, std::move(name));
    }
  }

  // {...} with balanced braces, or the next byte. At the end of the text everything that is left.
  std::string_view take_argument() {
    while (is_space(peek())) ++at_;
    if (peek() != '{') return at_ < text_.size() ? text_.substr(at_++, 1) : std::string_view();
    const size_t begin = ++at_;
    for (int open = 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '{') {
        ++open;
      } else if (text_[at_] == '}' && --open == 0) {
        return text_.substr(begin, at_++ - begin);
      }
    }
    at_ = text_.size();
    tokens_.is_well_formed = false;
    return text_.substr(begin);
  }

  bool is_prose_ahead() const {
    size_t at = at_;
    while (at < text_.size() && is_space(text_[at])) ++at;
    if (at == text_.size() || text_[at] != '{') return false;
    bool has_letter = false;
    int open = 0;
    for (; at < text_.size() && at < at_ + kMaxProse; ++at) {
      const char c = text_[at];
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) return has_letter;
      has_letter |= is_letter(c);
      // m\,s^{-1} is a unit.
      const bool is_thin_space = c == '\\' && at + 1 < text_.size() && (text_[at + 1] == ',' || text_[at + 1] == ' ');
      at += is_thin_space ? 1 : 0;
      const bool is_known = is_letter(c) || is_digit(c) || is_space(c) || is_thin_space;
      if (!is_known && std::string_view("/^{}-.").find(c) == std::string_view::npos) return false;
    }
    return false;
  }

  void text_argument() {
    const std::string_view content = take_argument();
    if (depth_ >= kMaxTextDepth) {
      tokens_.is_well_formed = false;
      return;
    }
    Tokens inner = Lexer(content, reading_, false, depth_ + 1).run();
    if (!inner.list.empty()) inner.list.front().is_after_space |= is_after_space_;
    std::move(inner.list.begin(), inner.list.end(), std::back_inserter(tokens_.list));
    tokens_.is_well_formed &= inner.is_well_formed;
    tokens_.has_ambiguous_comma |= inner.has_ambiguous_comma;
    is_after_space_ = !content.empty() && is_space(content.back());
  }

  // The length of a separator between groups of three digits at `at`, or 0. Kinds must not mix, so `which` names it.
  size_t group_separator(size_t at, int& which) {
    static constexpr std::array<std::string_view, 10> kSeparators = {"{,}", ",\\!\\!", ",\\!", "\\,", "\\ ",
                                                                     "\\;", "~",       " ",    ",",   "{ ,}"};
    for (size_t i = 0; i < kSeparators.size(); ++i) {
      if (text_.substr(at, kSeparators[i].size()) != kSeparators[i]) continue;
      size_t length = kSeparators[i].size();
      if (i == 8 && !reading_.commas_group_digits) return 0;
      // A negative space undoes the space that follows it.
      while ((i == 0 || i == 1 || i == 2 || i == 9) && at + length < text_.size() && text_[at + length] == ' ')
        ++length;
      if (which >= 0 && which != static_cast<int>(i)) return 0;
      which = static_cast<int>(i);
      return length;
    }
    return 0;
  }

  bool is_group(size_t at) const {
    return at + 3 <= text_.size() && is_digit(text_[at]) && is_digit(text_[at + 1]) && is_digit(text_[at + 2]) &&
           (at + 3 == text_.size() || !is_digit(text_[at + 3]));
  }

  std::string digits() {
    const size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string grouped_digits() {
    std::string result = digits();
    const bool may_group = !result.empty() && result.size() <= 3 && result[0] != '0';
    const size_t begin = at_;
    const std::string first = result;
    int which = -1;
    while (may_group) {
      const size_t length = group_separator(at_, which);
      if (length == 0 || !is_group(at_ + length)) break;
      at_ += length;
      result += digits();
    }
    // "2 125/3" is a mixed number, not 2125/3.
    if (which >= 3 && which <= 7 && at_ != begin && peek() == '/') {
      at_ = begin;
      return first;
    }
    if (which == 8 && at_ != begin) {
      tokens_.has_ambiguous_comma = true;
      tokens_.has_ambiguous_pair |= open_brackets_ > 0;
    }
    return result;
  }

  void number() {
    std::string value = grouped_digits();
    if (peek() == '.' && (is_digit(peek(1)) || !value.empty()) && !has("...")) {
      // "3." is 3 at the end of a sentence; "3.x" is not a number with a fraction.
      ++at_;
      const std::string fraction = digits();
      if (!fraction.empty()) value += "." + fraction;
      if (const size_t period = period_length(); period > 0 && (fraction.empty() || value[0] == '0')) {
        return repeating(std::move(value), period);
      }
    }
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
      value += 'e';
      if (peek(1) == '-') value += '-';
      at_ += 1 + sign;
      value += digits();
    }
    emit(TokenKind::number, std::move(value));
  }

  // "(3)" right behind a decimal point or its digits, as in 0.(3): the number of digits that repeat, else 0.
  size_t period_length() const {
    size_t at = at_ + 1;
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return peek() == '(' && at > at_ + 1 && at < text_.size() && text_[at] == ')' ? at - at_ - 1 : 0;
  }

  // 0.1(6) is written 0.1\overline{6} in LaTeX.
  void repeating(std::string value, size_t period) {
    emit(TokenKind::number, std::move(value));
    emit(TokenKind::command, "overline");
    emit(TokenKind::symbol, "{");
    emit(TokenKind::number, std::string(text_.substr(at_ + 1, period)));
    emit(TokenKind::symbol, "}");
    at_ += period + 2;
  }

  std::string_view text_;
  Reading reading_;
  bool has_odd_dollars_;
  int depth_;
  size_t last_content_;  // behind it only marks that end a sentence or close a formula
  size_t at_ = 0;
  int open_brackets_ = 0;
  bool is_after_space_ = false;
  Tokens tokens_;
};

}  // namespace

Tokens tokenize(std::string_view answer, const Reading& reading, const Limits& limits) {
  if (answer.size() > limits.max_bytes) return {.list = {{}}, .is_well_formed = false};
  const std::string text = to_latex(without_markup(answer));
  Tokens tokens = Lexer(text, reading, has_odd_dollars(text), 0).run();
  for (size_t i = 1; i < tokens.list.size(); ++i) {
    const Token& token = tokens.list[i];
    tokens.has_bare_unit |= token.kind == TokenKind::word && token.text.size() == 1 && token.is_after_space &&
                            !token.is_in_text && tokens.list[i - 1].kind == TokenKind::number &&
                            unit_name(lower_case(token.text)).has_value();
  }
  remove_outer_braces(tokens.list);
  tokens.list = fold_words(std::move(tokens.list), reading);
  tokens.list.emplace_back();
  return tokens;
}

std::string spelling(const std::vector<Token>& tokens) {
  std::string result;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == TokenKind::end) break;
    // Without a mark "1 2" would read as "12".
    if (i > 0 && tokens[i].kind == tokens[i - 1].kind && tokens[i].kind != TokenKind::symbol) result += ' ';
    if (tokens[i].kind == TokenKind::command) result += '\\';
    result += tokens[i].text;
  }
  return result;
}

}  // namespace lockstep::rewards::math
