// SPDX-License-Identifier: Apache-2.0
// Words of the families on texts small enough to check by eye.
#include <doctest/doctest.h>

#include "base/text.h"
#include "model/byte_alphabet.h"
#include "model/nfc.h"
#include "model/pretokenizer.h"
#include "model/tokenizer_from_parts.h"
#include "model/unicode_classes.h"
#include "tests/model/random_texts.h"

namespace lockstep::model {
namespace {

std::string words(const char* name, std::string_view text) {
  std::string joined;
  for (const std::string_view word : Pretokenizer(name).split(text)) joined += cat(joined.empty() ? "" : "|", word);
  return joined;
}

}  // namespace

TEST_CASE("pretokenizer: the words together are the text") {
  const RandomTexts texts(11);
  for (const std::string& name : pretokenizer_names()) {
    const Pretokenizer pretokenizer(name);
    for (uint32_t i = 0; i < 500; ++i) {
      const std::string text = texts.text(i);
      std::string joined;
      for (const std::string_view word : pretokenizer.split(text)) {
        CHECK_FALSE(word.empty());
        joined += word;
      }
      CHECK(joined == text);
    }
    CHECK(pretokenizer.split("").empty());
  }
}

TEST_CASE("pretokenizer: a run of spaces leaves its last one to the word behind") {
  CHECK(words("gpt-2", "a   b  ") == "a|  | b|  ");
  CHECK(words("gpt-2", "a\n\nb") == "a|\n|\n|b");
  CHECK(words("llama-bpe", "a\n\nb") == "a|\n\n|b");
  CHECK(words("llama-bpe", "a \n  b") == "a| \n| | b");
  CHECK(words("qwen2", "a\u3000\u3000b") == "a|\u3000|\u3000b");
  CHECK(words("gpt-2", "a\u3000\u3000b") == "a|\u3000|\u3000|b");
  CHECK(words("deepseek-v3", "a   b") == "a|  | b");
}

TEST_CASE("pretokenizer: each family cuts numbers in its own way") {
  CHECK(words("gpt-2", "x 12345") == "x| 12345");
  CHECK(words("llama-bpe", "x 12345") == "x| |123|45");
  CHECK(words("qwen2", "x 12345") == "x| |1|2|3|4|5");
  CHECK(words("smollm", "x 123") == "x| |1|2|3");
  CHECK(words("deepseek-v3", "x 12345") == "x| |123|45");
}

TEST_CASE("pretokenizer: contractions, punctuation and scripts") {
  CHECK(words("gpt-2", "I'll SAY'LL it's") == "I|'ll| SAY|'|LL| it|'s");
  CHECK(words("llama-bpe", "SAY'LL (x)!!\n\ny") == "SAY|'LL| (|x|)!!\n\n|y");
  CHECK(words("deepseek-v3", "\u4e16\u754cabc !a") == "\u4e16\u754c|abc| !|a");
}

TEST_CASE("pretokenizer: names and JSON belong together, whatever the order of members and offsets") {
  for (const std::string& name : pretokenizer_names()) CHECK(pretokenizer_name(pretokenizer_json(name)) == name);
  CHECK(pretokenizer_name({{"use_regex", true}, {"trim_offsets", false}, {"add_prefix_space", false}, {"type", "ByteLevel"}}) ==
        "gpt-2");
  CHECK(pretokenizer_name({{"type", "ByteLevel"}, {"add_prefix_space", false}}) == "gpt-2");
  CHECK_FALSE(pretokenizer_name({{"type", "ByteLevel"}, {"add_prefix_space", true}}).has_value());
  CHECK_FALSE(pretokenizer_name({{"type", "Whitespace"}}).has_value());
  CHECK_FALSE(pretokenizer_name(base::Json()).has_value());
  CHECK_FALSE(pretokenizer_name(base::Json::array({1})).has_value());
  base::Json other = pretokenizer_json("qwen2");
  other["pretokenizers"][0]["pattern"]["Regex"] = ".";
  CHECK_FALSE(pretokenizer_name(other).has_value());
}

TEST_CASE("byte alphabet: 256 letters for 256 bytes, both ways") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string text = to_byte_alphabet(all);
  CHECK(base::decode_utf8(text).size() == 256);
  CHECK(from_byte_alphabet(text) == all);
  CHECK(to_byte_alphabet(" \n\x7f\xad") == "\u0120\u010a\u0121\u0143");  // as GPT-2's vocabulary writes them
  CHECK_FALSE(from_byte_alphabet("a b").has_value());
  CHECK_FALSE(from_byte_alphabet("\u0144").has_value());
}

TEST_CASE("nfc: composes, orders marks and leaves the rest") {
  CHECK(to_nfc("e\u0301A\u030a") == "\u00e9\u00c5");
  CHECK(to_nfc("\u212b\u1e9b\u0323") == "\u00c5\u1e9b\u0323");
  CHECK(to_nfc("q\u0307\u0323") == "q\u0323\u0307");
  CHECK(to_nfc("\u1100\u1161\u11a8") == "\uac01");
  CHECK(to_nfc("\u0958") == "\u0915\u093c");  // excluded from composition
  CHECK(to_nfc("plain ASCII and caf\u00e9") == "plain ASCII and caf\u00e9");
  const RandomTexts texts(12);
  for (uint32_t i = 0; i < 500; ++i) {
    const std::string once = to_nfc(texts.text(i));
    CHECK(to_nfc(once) == once);
  }
}

TEST_CASE("unicode classes: ranges are ascending and searched right at their ends") {
  for (const auto ranges : {kLetters, kMarks, kNumbers, kPunctuation, kSymbols, kWhiteSpace, kDigits, kWordCharacters}) {
    for (size_t i = 0; i < ranges.size(); ++i) {
      CHECK(ranges[i].first <= ranges[i].last);
      if (i > 0) CHECK(ranges[i - 1].last + 1 < ranges[i].first);
      CHECK(contains(ranges, ranges[i].first));
      CHECK(contains(ranges, ranges[i].last));
      CHECK_FALSE(contains(ranges, ranges[i].last + 1));
    }
  }
  CHECK_FALSE(contains(kLetters, U'@'));
  CHECK(bracket_text(kDigits.first(1)) == "\\x{30}-\\x{39}");
  CHECK(leading_white_space(" \u3000\nx ") == 5);
  CHECK(trailing_white_space(" x\u2028 ") == 4);
  CHECK(trailing_white_space("") == 0);
  CHECK(starts_with_word_character("\u00e9!"));
  CHECK_FALSE(ends_with_word_character("\u00e9!"));
  CHECK_FALSE(ends_with_word_character(""));
}

}  // namespace lockstep::model
