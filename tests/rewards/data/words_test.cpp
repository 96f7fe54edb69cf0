// SPDX-License-Identifier: Apache-2.0
// Words for comparing: what makes no difference, what does, and hostile bytes.
#include "rewards/data/words.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "base/text.h"

namespace lockstep::rewards::data {
namespace {

std::string kept(std::string_view text) { return Words(text, Symbols::keep).text(); }
std::string dropped(std::string_view text) { return Words(text, Symbols::drop).text(); }

}  // namespace

TEST_CASE("words: case, white space and Unicode forms make no difference, symbols do where they are kept") {
  CHECK(kept("What  is\t3+4?\n") == "what is 3 + 4 ? ");
  CHECK(kept("What is 3+4?") != kept("What is 3-4?"));
  CHECK(dropped("What is 3+4?") == dropped("what is 3 - 4"));
  CHECK(kept("Caf\xC3\xA9") == kept("cafe\xCC\x81"));                       // composed, decomposed
  CHECK(kept("a\xCC\xA7\xCC\x81") == kept("a\xCC\x81\xCC\xA7"));            // the order of marks
  CHECK(kept("Stra\xC3\x9F" "e") == kept("STRASSE"));
  CHECK(kept("in\xC2\xADvisible\xE2\x80\x8B") == "invisible ");             // soft hyphen, zero-width space
  CHECK(dropped("\xEF\xBC\xA1\xEF\xBC\x91") == "a1 ");                      // full width
  CHECK(dropped("\xEF\xAC\x81ne x\xC2\xB2") == "fine x2 ");                 // ligature, superscript
  CHECK(kept("x\xC2\xB2") != kept("x2"));
  CHECK(kept("a \xE2\x89\xA0 b") != kept("a = b"));                         // not equal
  CHECK(dropped("a \xE2\x89\xA0 b") == "a b ");
  CHECK(dropped("a\xC2\xA0" "b\xE2\x80\xA8" "c") == "a b c ");              // other white space
  CHECK(dropped("\\frac{1}{2}, $x_{1}$") == "frac 1 2 x 1 ");
  CHECK(kept("").empty());
  CHECK(Words("  ...  ", Symbols::drop).size() == 0);
}

TEST_CASE("words: letters of scripts without spaces are words of their own, with their marks") {
  CHECK(Words("\xE4\xB8\xAD\xE6\x96\x87 abc", Symbols::drop).size() == 3);
  CHECK(Words("\xE3\x81\x8C\xE3\x81\x8D", Symbols::drop).size() == 2);  // ga, ki: ga decomposes into ka and a mark
  CHECK(Words("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", Symbols::drop).size() == 1);  // Korean sets spaces
}

TEST_CASE("words: an n-gram is the words joined by single spaces") {
  base::Random random(1, "words");
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> list;
    std::string text;
    for (uint64_t i = 1 + random.below(12); i > 0; --i) {
      list.push_back(random.pick(std::vector<std::string>{"a", "bc", "7", "\xC3\xA9t\xC3\xA9"}));
      text += list.back() + random.pick(std::vector<std::string>{" ", "\n", "  \t"});
    }
    const Words words(text, Symbols::drop);
    REQUIRE(words.size() == list.size());
    const size_t first = random.below(list.size()), count = 1 + random.below(list.size() - first);
    const std::vector<std::string> part(list.begin() + static_cast<ptrdiff_t>(first), list.begin() + static_cast<ptrdiff_t>(first + count));
    CHECK(words.gram(first, count) == Words(base::join(part, " "), Symbols::drop).gram(0, count));
  }
}

TEST_CASE("words: ASCII and Unicode take different ways to the same words") {
  base::Random random(2, "ascii");
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint64_t i = random.below(40); i > 0; --i) text += static_cast<char>(1 + random.below(127));
    for (const Symbols symbols : {Symbols::keep, Symbols::drop}) {
      CAPTURE(base::printable(text));
      // One letter beyond ASCII sends the same text the other way.
      CHECK(Words(text, symbols).text() + "\xD0\xB6 " == Words(text + " \xD0\xB6", symbols).text());
    }
  }
}

TEST_CASE("words: hostile bytes end, and ill-formed UTF-8 is a replacement character") {
  CHECK(kept("a\xFF" "b") == kept("a\xEF\xBF\xBD" "b"));
  std::string marks = "a";
  for (int i = 0; i < 200'000; ++i) marks += i % 2 == 0 ? "\xCC\x81" : "\xCC\xA7";
  CHECK(Words(marks, Symbols::keep).size() == 1);
  std::string wide;
  for (int i = 0; i < 10'000; ++i) wide += "\xEF\xB7\xBA";  // one code point that folds into 18
  CHECK(Words(wide, Symbols::drop).size() > 1);
}

TEST_CASE("hash: every byte, the length and the key count") {
  const std::string text(37, 'a');
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'b';
    CHECK(hash_text(other) != hash_text(text));
    CHECK(hash_text(text.substr(0, i)) != hash_text(text));
  }
  CHECK(hash_text(text, 1) != hash_text(text, 2));
  CHECK(hash_text(std::string("a\0", 2)) != hash_text("a"));
}

}  // namespace lockstep::rewards::data
