// SPDX-License-Identifier: Apache-2.0
// Character classes of Unicode exactly as Hugging Face's tokenizers has them (RE2's own tables are older).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lockstep::model {

struct CodePointRange {
  char32_t first, last;  // inclusive
};

// Ascending, disjoint. Defined in the generated model/unicode_ranges.cpp.
extern const std::span<const CodePointRange> kLetters;         // \p{L}
extern const std::span<const CodePointRange> kMarks;           // \p{M}
extern const std::span<const CodePointRange> kNumbers;         // \p{N}
extern const std::span<const CodePointRange> kPunctuation;     // \p{P}
extern const std::span<const CodePointRange> kSymbols;         // \p{S}
extern const std::span<const CodePointRange> kWhiteSpace;      // \s
extern const std::span<const CodePointRange> kDigits;          // what the Digits pre-tokenizer sets apart
extern const std::span<const CodePointRange> kWordCharacters;  // what may not touch a single_word token

bool contains(std::span<const CodePointRange> ranges, char32_t code_point);

// The inside of a regular expression's bracket: "\x{41}-\x{5A}\x{61}-\x{7A}...".
std::string bracket_text(std::span<const CodePointRange> ranges);

// All of these take well-formed UTF-8.
bool starts_with_word_character(std::string_view text);
bool ends_with_word_character(std::string_view text);
size_t leading_white_space(std::string_view text);   // bytes of white space at the beginning
size_t trailing_white_space(std::string_view text);  // bytes of white space at the end
size_t last_code_point_bytes(std::string_view text); // text not empty
size_t first_code_point_bytes(std::string_view text);

}  // namespace lockstep::model
