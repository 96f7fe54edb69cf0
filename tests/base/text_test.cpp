// SPDX-License-Identifier: Apache-2.0
// Joining, splitting, numbers, edit distance, and terminal safety.
#include "base/text.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/rng.h"

namespace lockstep::base {
namespace {

std::string random_word(Random& random, std::string_view letters, int64_t longest) {
  std::string word;
  for (int64_t i = random.between(0, longest); i > 0; --i) word += random.pick(letters);
  return word;
}

TEST_CASE("text: join undoes split for any text") {
  Random random(1, "split");
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_word(random, "ab,,", 12);
    CHECK(join(split(text, ','), ",") == text);
  }
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(split("a,,b,", ',') == std::vector<std::string>{"a", "", "b", ""});
}

TEST_CASE("text: trim removes ASCII white space at both ends and nothing inside") {
  CHECK(trim(" \t\r\n\v\f a b \n") == "a b");
  CHECK(trim("   ") == "");
  CHECK(trim("\xc2\xa0x") == "\xc2\xa0x");
}

TEST_CASE("text: a prefix is found whatever its case") {
  CHECK(starts_with_ignore_case("Content-Length: 4", "content-length"));
  CHECK_FALSE(starts_with_ignore_case("Content", "content-length"));
  CHECK_FALSE(starts_with_ignore_case("[bc", "{bc"));  // letters only, although the two differ by bit 5
}

TEST_CASE("text: fixed prints the decimals asked for, and names what is not finite") {
  CHECK(fixed(3.14159, 2) == "3.14");
  CHECK(fixed(-0.5, 0) == "-0");
  CHECK(fixed(1e22, 1) == "10000000000000000000000.0");
  CHECK(fixed(2, 3) == "2.000");
  CHECK(fixed(std::numeric_limits<double>::max(), 100).size() == 309 + 1 + 100);
  CHECK(fixed(std::numeric_limits<double>::infinity(), 2) == "inf");
  CHECK(fixed(-std::numeric_limits<double>::infinity(), 2) == "-inf");
  CHECK(fixed(std::numeric_limits<double>::quiet_NaN(), 2) == "nan");
}

TEST_CASE("text: edit distance is a metric") {
  Random random(2, "edit");
  for (int i = 0; i < 500; ++i) {
    const auto a = random_word(random, "abc", 7), b = random_word(random, "abc", 7), c = random_word(random, "abc", 7);
    CHECK((edit_distance(a, b) == 0) == (a == b));
    CHECK(edit_distance(a, b) == edit_distance(b, a));
    CHECK(edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c));
    CHECK(edit_distance(a, "") == a.size());
  }
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("gruop_size", "group_size") == 2);
}

TEST_CASE("text: the nearest name is a likely typo, or none") {
  const std::vector<std::string> names = {"group_size", "kl_coef", "loss_type"};
  CHECK(nearest_name("gruop_size", names) == "group_size");
  CHECK(nearest_name("kl_coeff", names) == "kl_coef");
  CHECK(nearest_name("temperature", names) == std::nullopt);
  CHECK(nearest_name("x", {}) == std::nullopt);
  CHECK(nearest_name(std::string(5'000'000, 'a'), names) == std::nullopt);  // answered without the 5M x 10 table
}

TEST_CASE("text: printable leaves no byte that a terminal obeys") {
  CHECK(printable("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m");
  CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\x0d");
  CHECK(printable("\xc2\x9b"
                  "2J") == "\\x9b2J");  // U+009B is CSI in one character
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  CHECK(printable("\xff") == "\xef\xbf\xbd");
  CHECK(printable("Zürich 世界 😀") == "Zürich 世界 😀");
}

TEST_CASE("text: printable text of random bytes is UTF-8 without control characters") {
  Random random(3, "printable");
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (int j = 0; j < 40; ++j) text += static_cast<char>(random.below(256));
    const std::string safe = printable(text);
    REQUIRE(is_utf8(safe));
    for (const char32_t c : decode_utf8(safe)) CHECK((c >= 0x20 && (c < 0x7f || c >= 0xa0)));
  }
}

}  // namespace
}  // namespace lockstep::base
