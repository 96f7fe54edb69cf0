// SPDX-License-Identifier: Apache-2.0
// Tokens of an answer, whether it was written in LaTeX, in Unicode or plainly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/limits.h"

namespace lockstep::rewards::math {

enum class TokenKind {
  end,
  number,       // digits, point and exponent, separators removed: "1234.5e-3"
  word,         // a run of letters that are variables or constants
  phrase,       // words of prose, in lower case: "even", "no solution"
  command,      // a LaTeX command without its backslash
  symbol,       // an operator, bracket or separator; spellings folded: "<=", "*", "deg"
  unit,         // a unit of measure, canonical: "cm"
  currency,     // a sign that stands before or after an amount, canonical: "dollar"
  conjunction,  // "and" or "or"
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text = {};
  bool is_after_space = false;
  bool is_in_text = false;  // from \text{...} and the like
};

struct Reading {
  bool commas_group_digits = true;  // 1,234 is one number, not a list
  bool letters_are_units = false;   // "5 m" is five metres, not 5 times m
};

struct Tokens {
  std::vector<Token> list;           // ends with TokenKind::end
  bool has_ambiguous_comma = false;  // some 1,234 could be a list as well
  bool has_ambiguous_pair = false;   // ... and stands in brackets, as in (12,102)
  bool has_bare_unit = false;        // a number, a space and a letter that may be a unit
  bool is_well_formed = true;        // braces balance, nothing was beyond the limits
};

Tokens tokenize(std::string_view answer, const Reading& reading, const Limits& limits);

// Joins words into phrases, units, percent signs and conjunctions (fold.cpp); called by `tokenize`.
std::vector<Token> fold_words(std::vector<Token> tokens, const Reading& reading);

// The canonical spelling of a token sequence: two answers with the same one are literally equal.
std::string spelling(const std::vector<Token>& tokens);

}  // namespace lockstep::rewards::math
