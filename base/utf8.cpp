// SPDX-License-Identifier: Apache-2.0
// UTF-8 after table 3-7 of the Unicode standard: one decoder step serves checking, repair and decoding.
#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

struct Step {
  char32_t code_point = 0;
  size_t length = 1;  // of the sequence, or of the maximal subpart of an ill-formed one
  bool is_valid = false;
};

struct Lead {
  int continuations = -1;  // -1: the byte starts no sequence
  uint8_t low = 0x80,
          high = 0xbf;  // what the second byte may be; narrower to exclude overlong forms and surrogates
};

Lead lead_of(uint8_t byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  if (byte >= 0xf1 && byte <= 0xf3) return {3};
  return {};
}

// Decodes the sequence at `offset`, which lies within `text`.
Step step(std::string_view text, size_t offset) {
  const auto byte_at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte_at(offset);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = lead_of(first);
  if (lead.continuations < 0) return {};
  auto code_point = static_cast<char32_t>(first & (0x3f >> lead.continuations));
  for (int i = 1; i <= lead.continuations; ++i) {
    const auto length = static_cast<size_t>(i);
    if (offset + length >= text.size()) return {0, length, false};
    const uint8_t byte = byte_at(offset + length);
    const bool is_allowed = i == 1 ? byte >= lead.low && byte <= lead.high : (byte & 0xc0) == 0x80;
    if (!is_allowed) return {0, length, false};
    code_point = code_point << 6 | (byte & 0x3f);
  }
  return {code_point, static_cast<size_t>(lead.continuations) + 1, true};
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Step next = step(text, i);
    if (!next.is_valid) return false;
    i += next.length;
  }
  return true;
}

std::string repair_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Step next = step(text, i);
    if (next.is_valid) {
      out += text.substr(i, next.length);
    } else {
      out += "\xef\xbf\xbd";
    }
    i += next.length;
  }
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(static_cast<uint8_t>(byte)); };
  const auto c = static_cast<uint32_t>(code_point);
  if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
    throw Error(cat("no Unicode scalar value: ", c), "append_utf8", "pass 0..0xD7FF or 0xE000..0x10FFFF");
  }
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  }
}

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Step next = step(text, i);
    if (!next.is_valid) {
      throw Error(cat("ill-formed UTF-8: byte ", static_cast<int>(static_cast<uint8_t>(text[i]))),
                  cat("byte offset ", i), "save the text as UTF-8, or repair it first");
    }
    out += next.code_point;
    i += next.length;
  }
  return out;
}

}  // namespace lockstep::base
