// SPDX-License-Identifier: Apache-2.0
// Tokenizers from parts, as GGUF metadata gives them, and tokenizer_config.json.
#include <doctest/doctest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "model/added_tokens.h"
#include "model/byte_alphabet.h"
#include "model/check_parts.h"
#include "model/tokenizer_from_parts.h"
#include "model/tokenizer_write.h"
#include "tests/model/random_texts.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

const std::string kFetch = "the file is damaged or no tokenizer: fetch it again";

std::string error_text(const std::string& what, const std::string& where, const std::string& fix) {
  return what + "\n  where: g: " + where + "\n  fix:   " + fix;
}

// As a GGUF file of the gpt2 kind: bytes, two merges, a control and a user-defined token.
TokenizerParts gpt2_parts() {
  TokenizerParts parts;
  for (int byte = 0; byte < 256; ++byte) parts.pieces.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  parts.kinds.assign(256, PieceKind::normal);
  const auto add = [&](const char* piece, PieceKind kind) {
    parts.pieces.emplace_back(piece);
    parts.kinds.push_back(kind);
  };
  add("\u0120a", PieceKind::normal);
  add("\u0120ab", PieceKind::normal);
  add("<|end|>", PieceKind::control);
  add("<think>", PieceKind::user_defined);
  parts.merges = {"\u0120 a", "\u0120a b"};
  parts.eos = 258;
  return parts;
}

// As a GGUF file of the llama kind.
TokenizerParts llama_parts() {
  TokenizerParts parts{.model = TokenizerParts::Model::sentencepiece_bpe,
                       .pieces = {"<unk>", "<s>", "</s>"},
                       .kinds = {PieceKind::unknown, PieceKind::control, PieceKind::control}};
  for (int byte = 0; byte < 256; ++byte) {
    parts.pieces.push_back(piece_of_byte(static_cast<uint8_t>(byte)));
    parts.kinds.push_back(PieceKind::byte);
  }
  for (const char* piece : {"\u2581", "a", "b", "\u2581a", "ab", "\u2581ab", "aa", "aaaa"}) {
    parts.pieces.emplace_back(piece);
    parts.kinds.push_back(PieceKind::normal);
  }
  parts.scores.assign(parts.pieces.size(), 0.0f);
  for (size_t id = 259; id < parts.pieces.size(); ++id) parts.scores[id] = 259.0f - static_cast<float>(id);
  parts.bos = 1;
  parts.eos = 2;
  parts.unk = 0;
  parts.add_bos = parts.add_space_prefix = true;
  return parts;
}

std::string error_of(const TokenizerParts& parts) {
  try {
    make_tokenizer(parts, "g");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("parts: a gpt2 vocabulary encodes, decodes and keeps its tokens apart") {
  const auto tokenizer = make_tokenizer(gpt2_parts(), "g");
  CHECK(tokenizer->encode(" ab a") == std::vector<TokenId>{257, 256});
  CHECK(tokenizer->encode_with_special(" ab<|end|>") == std::vector<TokenId>{257, 258});
  CHECK(tokenizer->encode("<think>") == std::vector<TokenId>{259});
  CHECK(tokenizer->decode({257, 258, 259}) == " ab<|end|><think>");
  CHECK(tokenizer->eos_id() == 258);
  CHECK_FALSE(tokenizer->adds_bos());
}

TEST_CASE("parts: a llama vocabulary merges by score, falls back to bytes and hides the prefix") {
  const auto tokenizer = make_tokenizer(llama_parts(), "g");
  const TokenId space_ab = *tokenizer->find("\u2581ab"), b = *tokenizer->find("b");
  CHECK(tokenizer->encode("abb") == std::vector<TokenId>{space_ab, b});
  const auto ids = tokenizer->encode("\u00e9");
  CHECK(ids == std::vector<TokenId>{*tokenizer->find("\u2581"), 3 + 0xC3, 3 + 0xA9});
  CHECK(tokenizer->decode(ids) == "\u00e9");
  CHECK(tokenizer->piece(3 + 0x0A) == "\n");
  CHECK(tokenizer->piece(*tokenizer->find("\u2581a")) == " a");
  CHECK(tokenizer->decode({1, *tokenizer->find("\u2581a"), 2}) == "<s> a</s>");
  CHECK(tokenizer->adds_bos());
  CHECK(tokenizer->bos_id() == 1);
}

TEST_CASE("parts: a saved llama vocabulary gives the same ids from tokenizer.json") {
  const auto tokenizer = make_tokenizer(llama_parts(), "g");
  const test::TempFolder folder;
  tokenizer->save(folder.path());
  const auto loaded = load_tokenizer(folder.path());
  CHECK(loaded->adds_bos());
  CHECK(loaded->eos_id() == 2);
  const RandomTexts texts(13);
  for (uint32_t i = 0; i < 500; ++i) {
    const std::string text = texts.text(i) + std::string(i % 9, 'a') + "ab";
    CHECK(loaded->encode(text) == tokenizer->encode(text));
    CHECK(loaded->encode_with_special("<s>" + text) == tokenizer->encode_with_special("<s>" + text));
  }
  // Scores that a GGUF export makes of the merges give the same ids again.
  TokenizerParts parts = tokenizer_parts(*loaded);
  REQUIRE(parts.scores.size() == parts.pieces.size());
  parts.merges.clear();
  const auto by_score = make_tokenizer(parts, "g");
  for (uint32_t i = 0; i < 200; ++i) CHECK(by_score->encode(texts.text(i)) == tokenizer->encode(texts.text(i)));
}

TEST_CASE("parts: a token named as eos is special even if the vocabulary calls it normal") {
  TokenizerParts parts = gpt2_parts();
  parts.eos = 257;
  const auto tokenizer = make_tokenizer(parts, "g");
  CHECK(tokenizer->is_special(257));
  CHECK(tokenizer->encode(" ab") == std::vector<TokenId>{256, 'b'});
}

TEST_CASE("parts: every check has its Error") {
  const auto with = [](auto change, TokenizerParts parts = gpt2_parts()) {
    change(parts);
    return error_of(parts);
  };
  CHECK(error_of({}) == error_text("a vocabulary of 0 pieces (1 to 1000000 are allowed)", "pieces", kFetch));
  CHECK(with([](auto& p) { p.kinds.pop_back(); }) ==
        error_text("259 piece types for 260 pieces", "piece types", kFetch));
  CHECK(with([](auto& p) { p.kinds[5] = static_cast<PieceKind>(9); }) ==
        error_text("piece type 9 is not one of 1 to 6", "pieces[5]", kFetch));
  CHECK(with([](auto& p) { p.kinds[5] = PieceKind::byte; }) ==
        error_text("piece \"\u0105\" cannot be a byte piece: those are <0x00> to <0xFF>", "pieces[5]", kFetch));
  CHECK(with([](auto& p) {
          p.kinds[257] = PieceKind::byte;
          p.pieces[257] = "<0x41>";
        }) == error_text("piece \"<0x41>\" cannot be a byte piece of a byte-level vocabulary", "pieces[257]", kFetch));
  CHECK(with([](auto& p) { p.eos = 260; }) ==
        error_text("id 260 is outside the vocabulary of 260 pieces", "eos", kFetch));
  CHECK(with([](auto& p) { p.bos = -1; }) == error_text("id -1 is outside the vocabulary of 260 pieces", "bos", kFetch));
  CHECK(with([](auto& p) { p.pad = 999; }) == error_text("id 999 is outside the vocabulary of 260 pieces", "pad", kFetch));
  CHECK(with([](auto& p) { p.unk = 999; }) == error_text("id 999 is outside the vocabulary of 260 pieces", "unk", kFetch));
  CHECK(with([](auto& p) { p.add_bos = true; }) ==
        error_text("texts are to begin with bos, but there is no bos token", "add_bos",
                   "name a bos token or switch add_bos off"));
  CHECK(with([](auto& p) { p.pre = "tekken"; }) ==
        error_text("pre-tokenizer \"tekken\" is not supported", "pre",
                   "use a model with one of: gpt-2, llama-bpe, qwen2, smollm, deepseek-v3"));
  CHECK(with([](auto& p) { p.added = {{.id = 258, .content = "<|start|>"}}; }) ==
        error_text("added token \"<|start|>\" has id 258, which is piece \"<|end|>\"", "added_tokens[0]", kFetch));
  CHECK(with([](auto& p) { p.added = {{.id = 999, .content = "x"}}; }) ==
        error_text("id 999 is outside the vocabulary of 260 pieces", "added_tokens[0]", kFetch));
  CHECK(with([](auto& p) { p.merges.push_back("x"); }) ==
        error_text("merge \"x\" is not two pieces with one space between", "merges[2]", kFetch));

  CHECK(with([](auto& p) { p.scores.pop_back(); }, llama_parts()) ==
        error_text("266 scores for 267 pieces", "scores", kFetch));
  CHECK(with([](auto& p) { p.scores[7] = -1.0f / 0.0f; }, llama_parts()) ==
        error_text("score -inf of piece \"<0x04>\" is not finite", "scores[7]", kFetch));
  CHECK(with([](auto& p) { p.pieces[7] = "<0xZZ>"; }, llama_parts()) ==
        error_text("piece \"<0xZZ>\" cannot be a byte piece: those are <0x00> to <0xFF>", "pieces[7]", kFetch));
  CHECK(with([](auto& p) { p.kinds[7] = PieceKind::normal; }, llama_parts()) ==
        error_text("only 255 of 256 byte pieces are there; <0x04> is missing", "pieces", kFetch));
  CHECK(with(
            [](auto& p) {
              for (auto& kind : p.kinds) kind = kind == PieceKind::byte ? PieceKind::normal : kind;
              p.unk.reset();
            },
            llama_parts()) ==
        error_text("neither byte pieces nor an unknown piece: characters outside the vocabulary have no id", "pieces",
                   "use a vocabulary with byte fallback or an unknown piece"));
}

TEST_CASE("added tokens: the longest wins, flags take white space, single words stand alone") {
  const AddedTokens tokens({{.id = 1, .content = "<a>"},
                            {.id = 2, .content = "<a>b", .special = true},
                            {.id = 3, .content = "L", .lstrip = true},
                            {.id = 4, .content = "R", .rstrip = true},
                            {.id = 5, .content = "word", .single_word = true}});
  const auto show = [&](std::string_view text, bool with_special) {
    std::string out;
    for (const TextPart& part : tokens.split(text, with_special)) {
      out += part.id ? std::to_string(*part.id) + ":[" : "[";
      out += std::string(part.text) + "]";
    }
    return out;
  };
  CHECK(show("x<a>by", true) == "[x]2:[<a>b][y]");
  CHECK(show("x<a>by", false) == "[x<a>by]");  // as tokenizers: the longest match is looked at, and passed over
  CHECK(show("<a><a>", false) == "1:[<a>]1:[<a>]");
  CHECK(show("a \u3000L b", true) == "[a]3:[ \u3000L][ b]");
  CHECK(show("aR \n b", true) == "[a]4:[R \n ][b]");
  CHECK(show("R L", true) == "4:[R ]3:[L]");
  CHECK(show("a word, words \u00e9word word", true) == "[a ]5:[word][, words \u00e9word ]5:[word]");
  CHECK(show("", true) == "");
  CHECK(AddedTokens().split("abc", true).size() == 1);
}

TEST_CASE("tokenizer_config.json: names tokens as strings or objects, null clears, unknown names are refused") {
  const test::TempFolder scratch;
  const std::string folder = scratch.path();
  base::write_file_atomic(folder + "/tokenizer.json", base::read_file(fixture_folder("gpt-2/tokenizer.json")));
  const auto load_with = [&](const char* config) {
    base::write_file_atomic(folder + "/tokenizer_config.json", config);
    return load_tokenizer(folder);
  };
  const auto error_with = [&](const char* config) -> std::string {
    try {
      load_with(config);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const auto tokenizer = load_with(
      R"({"bos_token": "<|im_start|>", "eos_token": {"content": "<|im_end|>"}, "pad_token": null, "add_bos_token": true})");
  CHECK(tokenizer->bos_id() == tokenizer->find("<|im_start|>"));
  CHECK(tokenizer->eos_id() == tokenizer->find("<|im_end|>"));
  CHECK_FALSE(tokenizer->pad_id().has_value());
  CHECK(tokenizer->adds_bos());
  CHECK_FALSE(load_with(R"({"add_bos_token": true})")->adds_bos());  // there is no bos
  base::write_file_atomic(folder + "/special_tokens_map.json", R"({"pad_token": "[PAD]", "eos_token": "[PAD]"})");
  const auto both = load_with(R"({"eos_token": "<|im_end|>"})");
  CHECK(both->pad_id() == both->find("[PAD]"));
  CHECK(both->eos_id() == both->find("<|im_end|>"));
  CHECK(error_with(R"({"eos_token": "<nope>"})") ==
        "token \"<nope>\" is not in the vocabulary\n  where: " + folder +
            "/tokenizer_config.json: eos_token\n  fix:   name a token of the vocabulary, or null for none");
  CHECK(error_with(R"({"eos_token": 3})") == "a token's text was expected, not number\n  where: " + folder +
                                                 "/tokenizer_config.json: eos_token\n  fix:   fetch the file again");
  CHECK(error_with(R"({"add_bos_token": 3})") == "true or false was expected, not number\n  where: " + folder +
                                                     "/tokenizer_config.json: add_bos_token\n  fix:   fetch the file again");
  CHECK(error_with("[]") == "an object was expected, not array\n  where: " + folder +
                                "/tokenizer_config.json\n  fix:   fetch the file again");
  base::write_file_atomic(folder + "/special_tokens_map.json", R"({"pad_token": "<nope>"})");
  CHECK(error_with("{}") == "token \"<nope>\" is not in the vocabulary\n  where: " + folder +
                                "/special_tokens_map.json: pad_token\n  fix:   name a token of the vocabulary, or null for none");
  base::write_file_atomic(folder + "/special_tokens_map.json", "3");
  CHECK(error_with("{}") == "an object was expected, not number\n  where: " + folder +
                                "/special_tokens_map.json\n  fix:   fetch the file again");
}

}  // namespace lockstep::model
