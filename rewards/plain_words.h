// SPDX-License-Identifier: Apache-2.0
// The words of a text for counting by script: mark-up, formulas and code left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards {

enum class Script { latin, cyrillic, greek, arabic, hebrew, devanagari, thai, hangul, han, kana, other };

// The script of a letter; nothing else is asked (digits, marks and punctuation give `other`).
Script script_of(char32_t code_point);

struct PlainWord {
  Script script;
  std::u32string letters;  // lower case for Latin, Greek and Cyrillic; one letter for Han and kana
  size_t sentence;         // number of the sentence it stands in
};

// See language_share for what is left out. Linear. Ill-formed UTF-8 separates words.
std::vector<PlainWord> plain_words(std::string_view text);

}  // namespace lockstep::rewards
