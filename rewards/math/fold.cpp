// SPDX-License-Identifier: Apache-2.0
// From letters to meaning: which runs of letters are prose, units, percent signs, conjunctions, functions or variables.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "rewards/math/lexer.h"
#include "rewards/math/words.h"

namespace lockstep::rewards::math {
namespace {

// The longest unit has four words: "miles per square hour".
constexpr size_t kMaxUnitWords = 4;

bool is_operand_end(const Token& token) {
  if (token.kind == TokenKind::number || token.kind == TokenKind::word) return true;
  if (token.kind == TokenKind::command) return token.text == "pi" || token.text == "infty" || is_greek(token.text);
  return token.kind == TokenKind::symbol &&
         (token.text == ")" || token.text == "}" || token.text == "]" || token.text == "deg");
}

class Folder {
 public:
  Folder(std::vector<Token> tokens, const Reading& reading) : in_(std::move(tokens)), reading_(reading) {}

  std::vector<Token> run() {
    while (at_ < in_.size()) {
      if (take_unit_fraction()) continue;
      if (in_[at_].kind != TokenKind::word || is_argument_of_begin()) {
        out_.push_back(std::move(in_[at_++]));
      } else if (!take_operator() && !take_conjunction() && !take_unit() && !take_command() && !take_phrase()) {
        take_letters();
      }
    }
    return std::move(out_);
  }

 private:
  bool is_word(size_t at) const { return at < in_.size() && in_[at].kind == TokenKind::word; }

  // \begin{matrix} keeps its name.
  bool is_argument_of_begin() const {
    const size_t n = out_.size();
    return n >= 2 && out_[n - 1].text == "{" && out_[n - 2].kind == TokenKind::command &&
           (out_[n - 2].text == "begin" || out_[n - 2].text == "end");
  }

  void push(TokenKind kind, std::string text, size_t num_words) {
    out_.push_back({kind, std::move(text), in_[at_].is_after_space, in_[at_].is_in_text});
    at_ += num_words;
  }

  bool is_number(size_t at) const { return at < in_.size() && in_[at].kind == TokenKind::number; }

  // Words that are operators between numbers: "3.2 x 10^5", "3 to 4"; and currency codes in front of one: "USD 20".
  bool take_operator() {
    const std::string word = lower_case(in_[at_].text);
    const bool is_behind_number = !out_.empty() && out_.back().kind == TokenKind::number;
    if (word == "x" && is_behind_number && is_number(at_ + 1) && in_[at_ + 1].text == "10") {
      push(TokenKind::symbol, "*", 1);
    } else if (word == "to" && is_behind_number && is_number(at_ + 1)) {
      push(TokenKind::symbol, ":", 1);
    } else if ((word == "usd" || word == "eur" || word == "gbp") && is_number(at_ + 1)) {
      push(TokenKind::currency, *unit_name(word), 1);
    } else {
      return false;
    }
    return true;
  }

  bool take_conjunction() {
    const std::string word = lower_case(in_[at_].text);
    if (word == "per" && is_word(at_ + 1) && lower_case(in_[at_ + 1].text) == "cent") {
      push(TokenKind::symbol, "%", 2);
      return true;
    }
    if (is_percent_word(word)) {
      push(TokenKind::symbol, "%", 1);
    } else if (is_conjunction(word)) {
      push(TokenKind::conjunction, word, 1);
    } else if (is_degree_word(word) && !out_.empty() && is_operand_end(out_.back())) {
      push(TokenKind::symbol, "deg", 1);
    } else {
      return false;
    }
    return true;
  }

  // A unit stands behind an amount, or behind another unit ("kg m", "m/s"). Single letters only from \text and \mathrm.
  bool take_unit() {
    const Token* before = out_.empty() ? nullptr : &out_.back();
    if (before == nullptr) return false;
    const bool is_behind_unit = before->kind == TokenKind::unit;
    const bool is_behind_slash = (before->text == "/" || before->text == "*") && out_.size() >= 2 &&
                                 out_[out_.size() - 2].kind == TokenKind::unit;
    if (!is_operand_end(*before) && !is_behind_unit && !is_behind_slash) return false;
    std::string phrase, best;
    size_t best_length = 0;
    for (size_t length = 1; length <= kMaxUnitWords && is_word(at_ + length - 1); ++length) {
      const Token& token = in_[at_ + length - 1];
      if (length > 1) phrase += ' ';
      phrase += lower_case(token.text);
      const bool is_letter = length == 1 && token.text.size() == 1;
      const bool is_bare_unit = reading_.letters_are_units && before->kind == TokenKind::number && token.is_after_space;
      if (is_letter && !token.is_in_text && !is_behind_slash && !is_bare_unit) continue;
      // Amounts of variables: "xy cm", but in "2x in" the word is more likely a preposition.
      if (const auto name = unit_name(phrase)) {
        best = *name;
        best_length = length;
      }
    }
    if (best_length == 0) return false;
    push(TokenKind::unit, std::move(best), best_length);
    return true;
  }

  // \frac{\text{m}}{\text{s}^2} behind an amount.
  bool take_unit_fraction() {
    if (out_.empty() || !is_operand_end(out_.back()) || in_[at_].kind != TokenKind::command || in_[at_].text != "frac")
      return false;
    size_t end = at_ + 1;
    const auto above = unit_group(end), below = above ? unit_group(end) : std::nullopt;
    if (!below) return false;
    push(TokenKind::unit, cat(*above, "/", *below), end - at_);
    return true;
  }

  // {\text{s}^2} at `at`, which moves behind it.
  std::optional<std::string> unit_group(size_t& at) const {
    const auto is = [&](size_t i, std::string_view text) { return i < in_.size() && in_[i].text == text; };
    if (!is(at, "{") || !is_word(at + 1) || !in_[at + 1].is_in_text) return std::nullopt;
    auto name = unit_name(lower_case(in_[at + 1].text));
    at += 2;
    if (name && is(at, "^") && (is(at + 1, "2") || is(at + 1, "3"))) {
      *name += cat("^", in_[at + 1].text);
      at += 2;
    }
    if (!is(at, "}")) return std::nullopt;
    ++at;
    return name;
  }

  bool take_command() {
    const Token& token = in_[at_];
    std::string command = command_of_word(is_greek(token.text) ? token.text : lower_case(token.text));
    if (command.empty()) return take_glued_function();
    push(TokenKind::command, std::move(command), 1);
    return true;
  }

  // "sinx", "cosb": a function's name and at most two letters; "2pi" has come as a word of its own.
  bool take_glued_function() {
    const Token& token = in_[at_];
    if (token.is_in_text || token.text.size() < 3 || token.text.size() > 6) return false;
    for (size_t length = token.text.size() - 1; length >= 2 && token.text.size() - length <= 2; --length) {
      std::string command = command_of_word(token.text.substr(0, length));
      if (command.empty()) continue;
      out_.push_back({TokenKind::command, std::move(command), token.is_after_space, false});
      out_.push_back({TokenKind::word, token.text.substr(length), false, false});
      ++at_;
      return true;
    }
    return false;
  }

  bool is_prose(const Token& token) const {
    return token.kind == TokenKind::word && token.text.size() > 1 && !is_product_of_variables(token.text);
  }

  bool ends_phrase(size_t at) const {
    if (!is_word(at)) return true;
    const std::string word = lower_case(in_[at].text);
    return is_conjunction(word) || is_percent_word(word);
  }

  // Words that stand together, when one of them is prose or all come from \text: one phrase.
  bool take_phrase() {
    if (at_ < end_of_variables_) return false;
    size_t end = at_;
    bool has_prose = false;
    for (; !ends_phrase(end); ++end) {
      if (end > at_ && !in_[end].is_after_space) break;
      has_prose |= is_prose(in_[end]) || (in_[end].is_in_text && in_[end].text.size() > 1);
    }
    if (!has_prose) {
      // What follows within this run has none either: looked through once, not once for each word.
      end_of_variables_ = end;
      return false;
    }
    std::string phrase;
    for (size_t i = at_; i < end; ++i) {
      if (i > at_) phrase += ' ';
      phrase += lower_case(in_[i].text);
    }
    push(TokenKind::phrase, std::move(phrase), end - at_);
    return true;
  }

  // A product of variables: x y for "xy".
  void take_letters() {
    const Token& token = in_[at_++];
    for (size_t i = 0; i < token.text.size(); ++i) {
      out_.push_back({TokenKind::word, token.text.substr(i, 1), i == 0 && token.is_after_space, token.is_in_text});
    }
  }

  std::vector<Token> in_, out_;
  Reading reading_;
  size_t at_ = 0;
  size_t end_of_variables_ = 0;  // up to here no word is prose
};

}  // namespace

std::vector<Token> fold_words(std::vector<Token> tokens, const Reading& reading) {
  return Folder(std::move(tokens), reading).run();
}

}  // namespace lockstep::rewards::math
