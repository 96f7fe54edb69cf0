// SPDX-License-Identifier: Apache-2.0
// Normalisation of answers and their comparison.
#include "rewards/answer.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "rewards/number.h"

namespace lockstep::rewards {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }
bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Does the brace that opens at `open` close at the very end?
bool closes_at_end(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t at = open; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      ++depth;
    } else if (text[at] == '}' && --depth == 0) {
      return at + 1 == text.size();
    }
  }
  return false;
}

// One layer of dressing around the whole, or the text as it is.
std::string_view undress(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPairs = {
      {{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}, {"**", "**"}}};
  static constexpr std::array<std::string_view, 9> kCommands = {"\\text{",   "\\textbf{", "\\textit{",
                                                                "\\textrm{", "\\mathrm{", "\\mathbf{",
                                                                "\\mathit{", "\\mbox{",   "\\operatorname{"};
  text = base::trim(text);
  for (const auto& [open, close] : kPairs) {
    if (text.size() < open.size() + close.size() || !starts_with(text, open) || !ends_with(text, close)) continue;
    const std::string_view inner = text.substr(open.size(), text.size() - open.size() - close.size());
    if (inner.find(open) == std::string_view::npos) return base::trim(inner);
  }
  for (std::string_view command : kCommands) {
    if (starts_with(text, command) && closes_at_end(text, command.size() - 1)) {
      return base::trim(text.substr(command.size(), text.size() - command.size() - 1));
    }
  }
  if (ends_with(text, ".") && !ends_with(text, "..")) return base::trim(text.substr(0, text.size() - 1));
  return text;
}

// (from, to), tried in order at each position. Commands must not be followed by a letter.
std::string replace_typography(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kReplacements = {
      {{"\\left", ""},
       {"\\right", ""},
       {"\\dfrac", "\\frac"},
       {"\\tfrac", "\\frac"},
       {"\\cfrac", "\\frac"},
       {"\\!", ""},
       {"\\,", ""},
       {"\\;", " "},
       {"\\:", " "},
       {"\\ ", " "},
       {"\\%", "%"},
       {"\\$", "$"},
       {"{,}", ","},
       {"\xE2\x88\x92", "-"}}};
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const auto match = std::find_if(kReplacements.begin(), kReplacements.end(), [&](const auto& replacement) {
      const std::string_view from = replacement.first;
      if (!starts_with(rest, from)) return false;
      return !is_letter(from.back()) || rest.size() == from.size() || !is_letter(rest[from.size()]) ||
             ends_with(from, "frac");
    });
    if (match != kReplacements.end()) {
      result += match->second;
      at += match->first.size();
      // A negative space undoes the spaces after it: 32,\! 349 is one number.
      while (match->first == "\\!" && at < text.size() && text[at] == ' ') ++at;
    } else {
      const char c = text[at++];
      result += c == '~' || c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
    }
  }
  return result;
}

// White space separates words; elsewhere it means nothing. Except that "32, 349" is a list and "32,349" a number.
std::string squeeze_spaces(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != ' ') {
      result += text[at];
      continue;
    }
    const size_t next = std::min(text.find_first_not_of(' ', at), text.size());
    const bool is_inside = !result.empty() && next < text.size() && is_word(text[next]);
    if (is_inside && (is_word(result.back()) || result.back() == ',')) result += ' ';
    at = next - 1;
  }
  return result;
}

std::string without_spaces_after_commas(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c != ' ' || result.empty() || result.back() != ',') result += c;
  }
  return result;
}

std::string_view without_currency(std::string_view text) {
  for (std::string_view sign :
       {std::string_view("$"), std::string_view("\xE2\x82\xAC"), std::string_view("\xC2\xA3")}) {
    if (starts_with(text, sign)) return text.substr(sign.size());
  }
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string normalize_answer(std::string_view text) {
  if (text.size() > kMaxAnswerBytes) return std::string(text);
  for (int layer = 0; layer < 8; ++layer) {
    const std::string_view inner = undress(text);
    if (inner.size() == text.size()) break;
    text = inner;
  }
  return std::string(without_currency(squeeze_spaces(replace_typography(text))));
}

std::optional<char> choice_letter(std::string_view normalized) {
  static const RE2 alone("(?i)(?:option|choice|answer)? ?\\(?([A-J])\\)?[.):]?", RE2::Latin1);
  static const RE2 with_text("\\(?([A-J])[.):](.+)", RE2::Latin1);
  static const RE2 another("(?:^|[^A-Za-z])[A-J][.):]|(?:or|and|[,/&]) ?\\(?[A-J](?:$|[^A-Za-z])", RE2::Latin1);
  const re2::StringPiece text(normalized.data(), normalized.size());
  std::string letter, rest;
  if (RE2::FullMatch(text, alone, &letter)) return static_cast<char>(letter[0] & ~0x20);
  if (RE2::FullMatch(text, with_text, &letter, &rest) && !RE2::PartialMatch(rest, another)) return letter[0];
  return std::nullopt;
}

bool answers_equal(std::string_view prediction, std::string_view gold) {
  std::string a = normalize_answer(prediction), b = normalize_answer(gold);
  if (a.empty() || b.empty()) return false;
  if (a == b) return true;
  if (a.size() > kMaxAnswerBytes || b.size() > kMaxAnswerBytes) return false;
  // Only a bare capital letter or one in parentheses makes a gold answer a choice: a variable a, or "J. Smith", does not.
  static const RE2 gold_choice("[A-J]|\\([A-Ja-j]\\)");
  if (RE2::FullMatch(b, gold_choice)) return choice_letter(a) == choice_letter(b);
  const std::optional<Number> x = parse_number(a), y = parse_number(b);
  if (x && y) return numbers_equal(*x, *y);
  if (x.has_value() != y.has_value()) return false;
  a = without_spaces_after_commas(a);
  b = without_spaces_after_commas(b);
  if (a == b) return true;
  // Letters of one length and latex commands keep their case: a is not A, \delta is not \Delta.
  const bool is_plain_words = a.size() > 1 && a.find('\\') == std::string::npos && b.find('\\') == std::string::npos;
  return is_plain_words && equal_ignoring_case(a, b);
}

}  // namespace lockstep::rewards
