// SPDX-License-Identifier: Apache-2.0
// tokenizer.json is hostile, and whatever would change ids is refused by name.
#include <doctest/doctest.h>

#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "model/byte_alphabet.h"
#include "model/pretokenizer.h"
#include "model/tokenizer_from_parts.h"
#include "model/tokenizer_json.h"
#include "tests/model/random_texts.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

using base::Json;

const std::string kFetch = "the file is damaged or no tokenizer: fetch it again";
const std::string kKnown = "use a model of the llama, qwen, smollm or deepseek families, or its tokenizer.model";

std::string error_text(const std::string& what, const std::string& where, const std::string& fix) {
  return what + "\n  where: t: " + where + "\n  fix:   " + fix;
}

// 256 bytes, "ab" (256), "abc" (257) and the special token <eos> (258).
Json byte_level() {
  Json vocab = Json::object();
  for (int byte = 0; byte < 256; ++byte) vocab[to_byte_alphabet(std::string(1, static_cast<char>(byte)))] = byte;
  vocab["ab"] = 256;
  vocab["abc"] = 257;
  return {{"added_tokens", Json::array({{{"id", 258}, {"content", "<eos>"}, {"special", true}, {"normalized", false}}})},
          {"normalizer", nullptr},
          {"pre_tokenizer", pretokenizer_json("gpt-2")},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", {"ab", "c"}}}}}};
}

Json sentencepiece() {
  return {{"added_tokens", Json::array({{{"id", 0}, {"content", "<unk>"}, {"special", true}, {"normalized", false}}})},
          {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}},
          {"pre_tokenizer", nullptr},
          {"decoder", {{"type", "Sequence"}, {"decoders", Json::array()}}},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<unk>"},
            {"fuse_unk", true},
            {"vocab", {{"<unk>", 0}, {"\u2581", 1}, {"a", 2}, {"\u2581a", 3}}},
            {"merges", Json::array({Json::array({"\u2581", "a"})})}}}};
}

std::shared_ptr<const Tokenizer> make(const Json& json) { return make_tokenizer(parse_tokenizer_json(json, "t"), "t"); }

std::string error_of(const Json& json) {
  try {
    make(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_with(const char* pointer, const Json& value, Json json = byte_level()) {
  json[Json::json_pointer(pointer)] = value;
  return error_of(json);
}

}  // namespace

TEST_CASE("tokenizer.json: both forms of merges, strings and pairs") {
  const auto tokenizer = make(byte_level());
  CHECK(tokenizer->encode("abcab") == std::vector<TokenId>{257, 256});
  CHECK(tokenizer->encode_with_special("ab<eos>") == std::vector<TokenId>{256, 258});
  CHECK(make(sentencepiece())->encode(" a\u9f8d\u9f8d") == std::vector<TokenId>{3, 0});
}

TEST_CASE("tokenizer.json: a special token cannot be spelt by merges either") {
  Json json = byte_level();
  json["added_tokens"].push_back({{"id", 257}, {"content", "abc"}, {"special", true}, {"normalized", false}});
  const auto tokenizer = make(json);
  CHECK(tokenizer->encode("abc") == std::vector<TokenId>{256, 'c'});
  CHECK(tokenizer->encode_with_special("abc") == std::vector<TokenId>{257});
  json["model"]["ignore_merges"] = true;
  CHECK(make(json)->encode("abc") == std::vector<TokenId>{256, 'c'});
}

TEST_CASE("tokenizer.json: ids without a token are unused pieces that decode to nothing") {
  Json json = byte_level();
  json["added_tokens"].push_back({{"id", 300}, {"content", "<far>"}, {"special", false}});
  const auto tokenizer = make(json);
  CHECK(tokenizer->vocab_size() == 301);
  CHECK(tokenizer->decode({280}) == "");
  CHECK(tokenizer->encode("<far>") == std::vector<TokenId>{300});
  try {
    tokenizer->decode({301});
    FAIL("an unknown id was decoded");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "token id 301 is not in the vocabulary of 301 pieces\n  where: tokenizer\n  fix:   decode with the tokenizer that "
          "belongs to the model");
  }
  CHECK_THROWS_AS(tokenizer->piece(-1), Error);
}

TEST_CASE("tokenizer.json: a template with a special token in front asks for bos") {
  Json json = byte_level();
  json["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       Json::array({{{"type", "ByteLevel"}},
                    {{"type", "TemplateProcessing"}, {"single", Json::array({{{"SpecialToken", {{"id", "<eos>"}}}}})}}})}};
  CHECK(make(json)->adds_bos());
  CHECK(make(json)->bos_id() == 258);
  json["post_processor"]["processors"][1]["single"] = Json::array({{{"Sequence", {{"id", "A"}}}}});
  CHECK_FALSE(make(json)->adds_bos());
  json["post_processor"]["processors"][1]["single"] = Json::array({{{"SpecialToken", {{"id", "<no>"}}}}});
  CHECK(error_of(json) == error_text("token \"<no>\" is not in the vocabulary", "post_processor.single[0]", kFetch));
}

TEST_CASE("tokenizer.json: parts that are not supported are refused by name") {
  CHECK(error_with("/model/type", "WordPiece") ==
        error_text("model \"WordPiece\" is not supported, only BPE", "model.type", kKnown));
  CHECK(error_with("/model/dropout", 0.1) ==
        error_text("dropout 0.1 would make ids depend on chance", "model.dropout", "set it to null"));
  CHECK(error_with("/model/continuing_subword_prefix", "##") ==
        error_text("continuing_subword_prefix \"##\" is not supported", "model.continuing_subword_prefix", kKnown));
  CHECK(error_with("/model/end_of_word_suffix", "</w>") ==
        error_text("end_of_word_suffix \"</w>\" is not supported", "model.end_of_word_suffix", kKnown));
  CHECK(error_with("/normalizer", {{"type", "Lowercase"}}) ==
        error_text("normalizer {\"type\":\"Lowercase\"} is not supported, only NFC", "normalizer", kKnown));
  CHECK(error_with("/normalizer", {{"type", "Sequence"}, {"normalizers", Json::array({{{"type", "NFKC"}}})}}) ==
        error_text("normalizer {\"type\":\"NFKC\"} is not supported, only NFC", "normalizer", kKnown));
  CHECK(error_with("/pre_tokenizer", {{"type", "Whitespace"}}) ==
        error_text("pre-tokenizer {\"type\":\"Whitespace\"} is not supported", "pre_tokenizer",
                   "use a model with the pre-tokenizer of one of: gpt-2, llama-bpe, qwen2, smollm, deepseek-v3"));
  CHECK(error_with("/decoder", {{"type", "WordPiece"}}) ==
        error_text("decoder {\"type\":\"WordPiece\"} is not supported", "decoder", kKnown));
  CHECK(error_with("/decoder", nullptr) == error_text("decoder null is not supported", "decoder", kKnown));
  const auto with_spm = [](const char* pointer, const Json& value) { return error_with(pointer, value, sentencepiece()); };
  CHECK(with_spm("/normalizer", nullptr) == error_text("normalizer null is not supported", "normalizer", kKnown));
  CHECK(with_spm("/pre_tokenizer", {{"type", "Metaspace"}}) ==
        error_text("pre-tokenizer {\"type\":\"Metaspace\"} is not supported", "pre_tokenizer", kKnown));
  CHECK(with_spm("/model/fuse_unk", false) ==
        error_text("neither byte_fallback nor fuse_unk is on, which is not supported", "model.fuse_unk", kKnown));
  CHECK(with_spm("/model/ignore_merges", true) ==
        error_text("ignore_merges without a pre-tokenizer is not supported", "model.ignore_merges", kKnown));
}

TEST_CASE("tokenizer.json: damaged members are refused with their place") {
  CHECK(error_of(Json::array()) == error_text("an object was expected, not array", "file", kFetch));
  CHECK(error_with("/model", 5) == error_text("an object was expected, not number", "model", kFetch));
  CHECK(error_with("/model/ignore_merges", "yes") ==
        error_text("a boolean was expected, not string", "model.ignore_merges", kFetch));
  CHECK(error_with("/model/unk_token", 7) == error_text("a string was expected, not number", "model.unk_token", kFetch));
  CHECK(error_with("/model/unk_token", "<none>") ==
        error_text("unk_token \"<none>\" is not in the vocabulary", "model.unk_token", kFetch));
  CHECK(error_with("/model/vocab", Json::array()) ==
        error_text("an object was expected, not array", "model.vocab", kFetch));
  CHECK(error_with("/model/vocab/x y", 99999999) ==
        error_text("id 99999999 is not an integer from 0 to 999999", "model.vocab[\"x y\"]", kFetch));
  CHECK(error_with("/model/vocab/x", -1) == error_text("id -1 is not an integer from 0 to 999999", "model.vocab[\"x\"]", kFetch));
  CHECK(error_with("/model/vocab/xy", 1.5) ==
        error_text("id 1.5 is not an integer from 0 to 999999", "model.vocab[\"xy\"]", kFetch));
  CHECK(error_with("/model/vocab/xy", 256) ==
        error_text("id 256 has two pieces, \"ab\" and \"xy\"", "model.vocab[\"xy\"]", kFetch));
  CHECK(error_with("/model/vocab/", 300) == error_text("an empty piece", "model.vocab[\"\"]", kFetch));
  CHECK(error_with("/model/merges", 1) == error_text("an array was expected, not number", "model.merges", kFetch));
  CHECK(error_with("/model/merges/0", 3) ==
        error_text("merge 3 is neither a string nor a pair of strings", "model.merges[0]", kFetch));
  CHECK(error_with("/model/merges/0", {"a", "b", "c"}) ==
        error_text("merge [\"a\",\"b\",\"c\"] is neither a string nor a pair of strings", "model.merges[0]", kFetch));
  CHECK(error_with("/added_tokens", 1) == error_text("an array was expected, not number", "added_tokens", kFetch));
  CHECK(error_with("/added_tokens/0", 1) == error_text("an object was expected, not number", "added_tokens[0]", kFetch));
  CHECK(error_with("/added_tokens/0/id", "x") ==
        error_text("id \"x\" is not an integer from 0 to 999999", "added_tokens[0].id", kFetch));
  CHECK(error_with("/added_tokens/0/content", "") ==
        error_text("a token without content", "added_tokens[0].content", kFetch));
  CHECK(error_with("/added_tokens/0/id", 256) ==
        error_text("id 256 has two pieces, \"ab\" and \"<eos>\"", "added_tokens[0]", kFetch));
  Json twice = byte_level();
  twice["added_tokens"].push_back(twice["added_tokens"][0]);
  CHECK(error_of(twice) == error_text("added token \"<eos>\" stands there twice", "added_tokens", kFetch));
  twice["added_tokens"][1]["id"] = 259;
  CHECK(error_of(twice) ==
        error_text("piece \"<eos>\" stands there twice, as ids 258 and 259", "pieces[259]", kFetch));
}

TEST_CASE("tokenizer.json: merges must lie between pieces of the vocabulary") {
  const std::string form = " is not two pieces with one space between";
  for (const char* merge : {"ab", " ab", "ab ", "a b c", ""}) {
    CHECK(error_with("/model/merges/0", merge) == error_text(std::string("merge \"") + merge + "\"" + form, "merges[0]", kFetch));
  }
  CHECK(error_with("/model/merges/1", "zz b") ==
        error_text("merge \"zz b\" needs piece \"zz\", which is missing", "merges[1]", kFetch));
  CHECK(error_with("/model/merges/1", "a c") ==
        error_text("merge \"a c\" needs piece \"ac\", which is missing", "merges[1]", kFetch));
  CHECK(error_with("/model/merges/1", Json::array({"a ", "b"})) ==
        error_text("merge \"a  b\" is not two pieces with one space between", "merges[1]", kFetch));
}

TEST_CASE("tokenizer.json: a byte cannot be a special token") {
  Json json = byte_level();
  json["added_tokens"].push_back({{"id", '!'}, {"content", "!"}, {"special", true}, {"normalized", false}});
  CHECK(error_of(json) ==
        error_text("byte 33 (piece \"!\") is a special token", "pieces",
                   "choose another special token: text that holds this byte could not be written"));
}

TEST_CASE("tokenizer.json: any member replaced by something else gives an Error or a tokenizer that works") {
  Json whole = byte_level();
  whole["normalizer"] = {{"type", "Sequence"}, {"normalizers", Json::array({{{"type", "NFC"}}})}};
  whole["pre_tokenizer"] = pretokenizer_json("smollm");
  whole["post_processor"] = {{"type", "TemplateProcessing"}, {"single", Json::array({{{"SpecialToken", {{"id", "<eos>"}}}}})}};
  const std::vector<Json> others = {nullptr, true, -1, 1e300, "", "x", Json::array(), Json::array({1, "a"}), Json::object(),
                                    {{"type", "BPE"}}, {{"type", 1}}, {{"content", nullptr}}};
  const auto survives = [](const Json& json) {
    try {
      make(json)->encode_with_special("abc <eos> 12");
    } catch (const Error&) {
    }
  };
  const std::function<void(const Json&, Json::json_pointer)> visit = [&](const Json& node, const Json::json_pointer& at) {
    if (!at.empty()) {
      for (const Json& other : others) {
        Json damaged = whole;
        damaged[at] = other;
        survives(damaged);
      }
    }
    if (!node.is_structured() || node.size() > 20) return;
    for (const auto& [key, child] : node.items()) {
      if (node.is_array() && std::stoul(key) > 2) break;  // the others are like the first
      visit(child, node.is_array() ? at / std::stoul(key) : at / key);
    }
  };

  visit(whole, Json::json_pointer());
}

TEST_CASE("load_tokenizer: a folder without a tokenizer says so") {
  const test::TempFolder scratch;
  const std::string folder = scratch.path();
  try {
    load_tokenizer(folder);
    FAIL("loaded nothing");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "there is neither a tokenizer.json nor a tokenizer.model\n  where: " + folder +
                                           "\n  fix:   give a model folder that holds its tokenizer");
  }
}

}  // namespace lockstep::model
