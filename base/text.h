// SPDX-License-Identifier: Apache-2.0
// Small text tools: concatenation, UTF-8, nearest name, escaping for terminals.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::base {

// Streams every argument into one string: cat("layer ", 3, ": ", 0.5) -> "layer 3: 0.5".
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  // ASCII white space at both ends
bool starts_with_ignore_case(std::string_view text, std::string_view prefix);

// Fixed-point with `digits` decimals, independent of the locale.
std::string fixed(double value, int digits);

// True when `text` is well-formed UTF-8 (no surrogates, no overlong forms, <= U+10FFFF).
bool is_utf8(std::string_view text);
// Replaces each ill-formed subsequence by U+FFFD, as the Unicode standard recommends (maximal subparts).
std::string repair_utf8(std::string_view text);
// Appends `code_point` as UTF-8. Surrogates and values above U+10FFFF throw Error.
void append_utf8(std::string& out, char32_t code_point);
// Decodes well-formed UTF-8; ill-formed input throws Error that names the byte offset.
std::u32string decode_utf8(std::string_view text);

// Levenshtein distance in bytes; used for "did you mean".
size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `name`, if one is near enough to be a likely typo (distance <= 1 + length / 3).
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// Model text made safe to print: control bytes (ANSI escapes) become \xNN, line breaks \n; UTF-8 is repaired.
std::string printable(std::string_view text);

}  // namespace lockstep::base

namespace lockstep {
using base::cat;
}
