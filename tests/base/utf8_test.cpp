// SPDX-License-Identifier: Apache-2.0
// UTF-8: round trip, repair, and every boundary of the 1- to 4-byte forms.
#include <doctest/doctest.h>

#include "base/rng.h"
#include "base/text.h"
#include "tests/base/error_of.h"

namespace lockstep::base {
namespace {

const std::string kReplacement = "\xef\xbf\xbd";

TEST_CASE("utf8: every scalar value survives encoding and decoding") {
  size_t wrong = 0;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string text;
    append_utf8(text, c);
    const size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (text.size() != length || !is_utf8(text) || decode_utf8(text) != std::u32string(1, c)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: the first and last forms of each length are known bytes") {
  const std::pair<char32_t, std::string> forms[] = {
      {0x00, std::string(1, '\0')},  {0x7f, "\x7f"},           {0x80, "\xc2\x80"},
      {0x7ff, "\xdf\xbf"},           {0x800, "\xe0\xa0\x80"},  {0xd7ff, "\xed\x9f\xbf"},
      {0xe000, "\xee\x80\x80"},      {0xffff, "\xef\xbf\xbf"}, {0x10000, "\xf0\x90\x80\x80"},
      {0x10ffff, "\xf4\x8f\xbf\xbf"}};
  for (const auto& [code_point, bytes] : forms) {
    std::string text;
    append_utf8(text, code_point);
    CHECK(text == bytes);
  }
}

TEST_CASE("utf8: overlong forms, surrogates, values above U+10FFFF and stray bytes are ill-formed") {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc2",
        "\xe1\x80", "\xf1\x80\x80", "\xc2\x41", "\xe1\x80\x41"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
    CHECK(is_utf8(repair_utf8(text)));
  }
}

TEST_CASE("utf8: all two-byte texts are judged as table 3-7 says") {
  size_t wrong = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const bool expected = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
      if (is_utf8(text) != expected) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: repair replaces maximal subparts as the Unicode standard shows") {
  // Tables 3-8 and 3-11 of the Unicode standard, section 3.9.
  const std::string r = kReplacement;
  CHECK(repair_utf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") == r + r + r + r + r + r + r + r + "A");
  CHECK(repair_utf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == r + r + r + r + "A");
}

TEST_CASE("utf8: repair is idempotent, and leaves well-formed text alone") {
  Random random(4, "repair");
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int j = 0; j < 12; ++j)
      text += static_cast<char>(random.chance(0.5) ? random.between(0xc0, 0xff) : random.between(0x70, 0xbf));
    const std::string once = repair_utf8(text);
    CHECK(is_utf8(once));
    CHECK(repair_utf8(once) == once);
    CHECK((once == text) == is_utf8(text));
  }
}

TEST_CASE("utf8: decoding ill-formed text names the byte and its offset") {
  const Error error = error_of([] { decode_utf8("ab\xff"); });
  CHECK(error.what_happened() == "ill-formed UTF-8: byte 255");
  CHECK(error.where() == "byte offset 2");
  CHECK(contains(error.fix(), "save the text as UTF-8"));
}

TEST_CASE("utf8: surrogates and values above U+10FFFF cannot be encoded") {
  for (const char32_t c : {char32_t{0xd800}, char32_t{0xdfff}, char32_t{0x110000}}) {
    std::string out;
    const Error error = error_of([&] { append_utf8(out, c); });
    CHECK(contains(error.what_happened(), cat("no Unicode scalar value: ", static_cast<uint32_t>(c))));
    CHECK(error.where() == "append_utf8");
    CHECK(contains(error.fix(), "0xD7FF"));
  }
}

}  // namespace
}  // namespace lockstep::base
