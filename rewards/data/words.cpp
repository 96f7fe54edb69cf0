// SPDX-License-Identifier: Apache-2.0
// Folding through utf8proc one code point at a time: its own map function orders combining marks in quadratic time.
#include "rewards/data/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plain_words.h"

namespace lockstep::rewards::data {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// Decomposed, case folded, marks in canonical order: equal for texts that Unicode calls equivalent.
std::vector<int32_t> fold(std::string_view text, Symbols symbols) {
  const int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE |
                      (symbols == Symbols::drop ? UTF8PROC_COMPAT : 0);
  std::vector<int32_t> out;
  const std::string repaired = base::is_utf8(text) ? std::string() : base::repair_utf8(text);
  for (const char32_t code_point : base::decode_utf8(repaired.empty() ? text : repaired)) {
    std::array<int32_t, 64> parts{};  // the longest compatibility decomposition has 18
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<int32_t>(code_point), parts.data(), parts.size(),
                                               static_cast<utf8proc_option_t>(options), &boundary);
    LOCKSTEP_CHECK(count >= 0 && static_cast<size_t>(count) <= parts.size(), "a decomposition of unexpected length");
    out.insert(out.end(), parts.begin(), parts.begin() + count);
  }
  const auto order = [](int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto at = out.begin(); at != out.end();) {
    const auto run = std::find_if(at, out.end(), [&](int32_t c) { return order(c) != 0; });
    at = std::find_if(run, out.end(), [&](int32_t c) { return order(c) == 0; });
    std::stable_sort(run, at, [&](int32_t a, int32_t b) { return order(a) < order(b); });
  }
  return out;
}

enum class Class { space, symbol, mark, letter, lone_letter };

Class class_of(int32_t code_point) {
  const auto category = utf8proc_category(code_point);
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return Class::mark;
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) {
    const Script script = script_of(static_cast<char32_t>(code_point));
    const bool has_no_spaces = script == Script::han || script == Script::kana || script == Script::thai;
    return has_no_spaces ? Class::lone_letter : Class::letter;
  }
  const bool is_space = category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
                        category == UTF8PROC_CATEGORY_CC;
  return is_space ? Class::space : Class::symbol;
}

uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

void sip_round(std::array<uint64_t, 4>& v) {
  v[0] += v[1];
  v[1] = rotate(v[1], 13) ^ v[0];
  v[0] = rotate(v[0], 32);
  v[2] += v[3];
  v[3] = rotate(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate(v[1], 17) ^ v[2];
  v[2] = rotate(v[2], 32);
}

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

Words::Words(std::string_view text, Symbols symbols) {
  LOCKSTEP_CHECK(text.size() < UINT32_MAX / 16, "a text above the limit of a row");
  if (is_ascii(text)) {
    add_ascii(text, symbols);
  } else {
    add_unicode(text, symbols);
  }
  end_word();
}

void Words::end_word() {
  if (text_.size() == begins_.back()) return;
  text_ += ' ';
  begins_.push_back(static_cast<uint32_t>(text_.size()));
}

void Words::add_ascii(std::string_view text, Symbols symbols) {
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      text_ += is_upper ? static_cast<char>(c | 0x20) : c;
      continue;
    }
    end_word();
    if (symbols == Symbols::drop || c <= ' ' || c == 0x7F) continue;
    text_ += c;
    end_word();
  }
}

// A mark belongs to the letter before it, also to one that is a word of its own (kana with a voicing mark).
void Words::add_unicode(std::string_view text, Symbols symbols) {
  bool is_lone = false;
  for (const int32_t code_point : fold(text, symbols)) {
    Class kind = class_of(code_point);
    const bool is_open = text_.size() != begins_.back();
    if (kind == Class::mark && !is_open) kind = Class::symbol;  // of a symbol: the stroke of a "not equal"
    if (kind != Class::mark && (kind != Class::letter || is_lone)) end_word();
    is_lone = kind == Class::lone_letter || (kind == Class::mark && is_lone);
    if (kind == Class::space || (kind == Class::symbol && symbols == Symbols::drop)) continue;
    base::append_utf8(text_, static_cast<char32_t>(code_point));
    if (kind == Class::symbol) end_word();
  }
}

uint64_t hash_text(std::string_view text, uint64_t key) {
  // The constants of SipHash (Aumasson and Bernstein, 2012) with a key; one round a word, three at the end.
  const uint64_t k0 = 0x6C6F636B73746570 ^ key, k1 = 0x64617461746F6F6C;
  std::array<uint64_t, 4> v = {k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573};
  const uint64_t length = uint64_t{text.size()} << 56;
  const auto absorb = [&](uint64_t word) {
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
  };
  for (; text.size() >= 8; text.remove_prefix(8)) absorb(little_endian(text.substr(0, 8)));
  absorb(length | little_endian(text));
  v[2] ^= 0xFF;
  for (int i = 0; i < 3; ++i) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace lockstep::rewards::data
