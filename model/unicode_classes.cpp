// SPDX-License-Identifier: Apache-2.0
// Searches in the ranges, and steps over single code points of well-formed UTF-8.
#include "model/unicode_classes.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace lockstep::model {
namespace {

bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

char32_t only_code_point(std::string_view text) { return base::decode_utf8(text).front(); }

}  // namespace

bool contains(std::span<const CodePointRange> ranges, char32_t code_point) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code_point,
                                      [](char32_t wanted, const CodePointRange& r) { return wanted < r.first; });
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

std::string bracket_text(std::span<const CodePointRange> ranges) {
  std::ostringstream out;
  out << std::hex << std::uppercase;
  for (const auto& [first, last] : ranges) {
    out << "\\x{" << static_cast<uint32_t>(first) << '}';
    if (last != first) out << "-\\x{" << static_cast<uint32_t>(last) << '}';
  }
  return std::move(out).str();
}

size_t first_code_point_bytes(std::string_view text) {
  size_t bytes = 1;
  while (bytes < text.size() && is_continuation(text[bytes])) ++bytes;
  return bytes;
}

size_t last_code_point_bytes(std::string_view text) {
  size_t bytes = 1;
  while (bytes < text.size() && is_continuation(text[text.size() - bytes])) ++bytes;
  return bytes;
}

bool starts_with_word_character(std::string_view text) {
  return !text.empty() &&
         contains(kWordCharacters, only_code_point(text.substr(0, first_code_point_bytes(text))));
}

bool ends_with_word_character(std::string_view text) {
  return !text.empty() &&
         contains(kWordCharacters, only_code_point(text.substr(text.size() - last_code_point_bytes(text))));
}

size_t leading_white_space(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const size_t step = first_code_point_bytes(text.substr(bytes));
    if (!contains(kWhiteSpace, only_code_point(text.substr(bytes, step)))) break;
    bytes += step;
  }
  return bytes;
}

size_t trailing_white_space(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const std::string_view rest = text.substr(0, text.size() - bytes);
    const size_t step = last_code_point_bytes(rest);
    if (!contains(kWhiteSpace, only_code_point(rest.substr(rest.size() - step)))) break;
    bytes += step;
  }
  return bytes;
}

}  // namespace lockstep::model
