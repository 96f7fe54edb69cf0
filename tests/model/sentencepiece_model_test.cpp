// SPDX-License-Identifier: Apache-2.0
// tokenizer.model is hostile: everything that is not a plain BPE model is refused by name, and nothing crashes.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "model/protobuf_reader.h"
#include "model/sentencepiece_model.h"
#include "tests/model/random_texts.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

// A writer of protobuf's wire format, just enough for these tests.
std::string varint(uint64_t value) {
  std::string out;
  for (; value > 127; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string number(uint32_t field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(uint32_t field, const std::string& value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}
std::string float32(uint32_t field, float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  std::string out = varint(field << 3 | 5);
  for (int i = 0; i < 4; ++i) out += static_cast<char>(bits >> (8 * i));
  return out;
}
std::string piece(const std::string& text, float score = 0, uint64_t kind = 1) {
  return bytes(1, bytes(1, text) + float32(2, score) + number(3, kind));
}

const std::string kBpe = bytes(2, number(3, 2));
const std::string kIdentity = bytes(3, number(3, 0) + number(4, 0) + number(5, 1));
const std::string kSpecials = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3);

std::string error_of(const std::string& model) {
  try {
    make_tokenizer(parse_sentencepiece_model(model, "m"), "m");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_text(const std::string& what, const std::string& where, const std::string& fix) {
  return what + "\n  where: " + where + "\n  fix:   " + fix;
}

const std::string kFetch = "the file is damaged or no tokenizer: fetch it again";
const std::string kWire = "the file is damaged or of another kind: fetch it again";
const std::string kUseJson = "use a tokenizer.json of the same model, if it has one";

}  // namespace

TEST_CASE("tokenizer.model: a small model is read whole") {
  const std::string model = kSpecials + piece("a", -1) + piece("b", -2) + piece("ab", -0.5f) + kBpe + kIdentity;
  const auto tokenizer = make_tokenizer(parse_sentencepiece_model(model, "m"), "m");
  CHECK(tokenizer->encode("aabb") == std::vector<TokenId>{3, 5, 4});
  CHECK(tokenizer->encode("?!a") == std::vector<TokenId>{0, 3});
  CHECK(tokenizer->bos_id() == 1);
  CHECK(tokenizer->eos_id() == 2);
  CHECK_FALSE(tokenizer->pad_id().has_value());
}

TEST_CASE("tokenizer.model: equal scores are merged from left to right, and characters need no piece") {
  // "xy" and "yx" score alike; neither x nor y is a piece.
  const std::string model = kSpecials + piece("yx", -1) + piece("xy", -1) + kBpe + kIdentity;
  const auto tokenizer = make_tokenizer(parse_sentencepiece_model(model, "m"), "m");
  CHECK(tokenizer->encode("xyx") == std::vector<TokenId>{4, 0});
  CHECK(tokenizer->encode("yxy") == std::vector<TokenId>{3, 0});
}

TEST_CASE("tokenizer.model: what would need more than BPE with identity normalisation is refused by name") {
  const std::string pieces = kSpecials + piece("a");
  CHECK(error_of(pieces + kIdentity) ==
        error_text("SentencePiece model type unigram is not supported, only bpe", "m: trainer_spec.model_type", kUseJson));
  CHECK(error_of(pieces + bytes(2, number(3, 4)) + kIdentity) ==
        error_text("SentencePiece model type char is not supported, only bpe", "m: trainer_spec.model_type", kUseJson));
  CHECK(error_of(pieces + bytes(2, number(3, 99)) + kIdentity) ==
        error_text("SentencePiece model type unknown is not supported, only bpe", "m: trainer_spec.model_type", kUseJson));
  CHECK(error_of(pieces + bytes(2, number(3, 2) + number(24, 1)) + kIdentity) ==
        error_text("spaces belong to the end of words in this model, which is not supported",
                   "m: trainer_spec.treat_whitespace_as_suffix", kUseJson));
  CHECK(error_of(pieces + kBpe + bytes(3, bytes(2, "1234") + number(4, 0))) ==
        error_text("a precompiled normalisation map of 4 bytes is not supported, only identity",
                   "m: normalizer_spec.precompiled_charsmap", kUseJson));
  CHECK(error_of(pieces + kBpe) == error_text("removal of extra spaces is not supported: it would change the text",
                                              "m: normalizer_spec.remove_extra_whitespaces", kUseJson));
  CHECK(error_of(pieces + kBpe + bytes(3, number(4, 0) + number(5, 0))) ==
        error_text("pieces with plain spaces are not supported", "m: normalizer_spec.escape_whitespaces", kUseJson));
  CHECK(error_of(pieces + kBpe + kIdentity + bytes(5, bytes(2, "x"))) ==
        error_text("a denormalisation map is not supported", "m: denormalizer_spec.precompiled_charsmap", kUseJson));
  CHECK(error_of(pieces + piece("b", 0, 5) + kBpe + kIdentity) ==
        error_text("piece \"b\" is of type UNUSED: the vocabulary was restricted", "m: pieces[4]",
                   "use the model file with its whole vocabulary"));
  CHECK(error_of(pieces + bytes(2, number(3, 2) + number(35, 1)) + kIdentity) ==
        error_text("byte_fallback is on but byte pieces are missing", "m: trainer_spec.byte_fallback",
                   "the file is damaged: fetch it again"));
  CHECK(error_of(pieces + piece("<0x41>", 0, 6) + kBpe + kIdentity) ==
        error_text("byte_fallback is off but byte pieces are there", "m: trainer_spec.byte_fallback",
                   "the file is damaged: fetch it again"));
}

TEST_CASE("tokenizer.model: damaged pieces are refused") {
  const auto with = [](const std::string& extra) { return error_of(kSpecials + extra + kBpe + kIdentity); };
  CHECK(with(piece("a", 0, 7)) ==
        error_text("piece type 7 is not one of 1 to 6", "m: pieces[3]", "fetch the file again"));
  CHECK(with(piece("a", std::nanf(""))) ==
        error_text("score nan of piece \"a\" is not finite", "m: scores[3]", kFetch));
  CHECK(with(piece("a") + piece("a")) ==
        error_text("piece \"a\" stands there twice, as ids 3 and 4", "m: pieces[4]", kFetch));
  CHECK(with(piece("")) == error_text("an empty piece", "m: pieces[3]", kFetch));
  CHECK(with(piece("\xff")) == error_text("piece \"\ufffd\" is not UTF-8", "m: pieces[3]", kFetch));
  CHECK(with(piece(std::string(1025, 'a'))) ==
        error_text("a piece of 1025 bytes (at most 1024 are allowed)", "m: pieces[3]", kFetch));
  CHECK(error_of("") == error_text("removal of extra spaces is not supported: it would change the text",
                                   "m: normalizer_spec.remove_extra_whitespaces", kUseJson));
  CHECK(error_of(kBpe + kIdentity) ==
        error_text("a vocabulary of 0 pieces (1 to 1000000 are allowed)", "m: pieces", kFetch));
  std::string many;
  const std::string one = bytes(1, "");
  for (int i = 0; i < 1'000'001; ++i) many += one;
  CHECK(error_of(many) == error_text("more than 1000000 pieces", "m: pieces", kFetch));
}

TEST_CASE("protobuf: damaged wire format is refused with the byte where it breaks") {
  const auto wire = [](const std::string& what, int at) {
    return error_text("protobuf is not valid: " + what, "m, byte " + std::to_string(at), kWire);
  };
  CHECK(error_of("\x0a\x05"
                 "abc") == wire("a value of 5 bytes where 3 are left", 2));
  CHECK(error_of("\x0a") == wire("a value of 1 bytes where 0 are left", 1));
  CHECK(error_of("\x0b") == wire("wire type 3", 1));
  CHECK(error_of("\x07") == wire("field number 0", 1));
  CHECK(error_of("\x02\x01z") == wire("field number 0", 1));
  CHECK(error_of(std::string("\x08") + std::string(10, '\xff')) == wire("a number of more than 64 bits", 11));
  CHECK(error_of(std::string(11, '\x80')) == wire("a number of more than 64 bits", 10));
  CHECK(error_of(number(1, 5)) == wire("field 1 has wire type 0, expected 2", 2));
  CHECK(error_of(bytes(1, number(2, 5))) == wire("field 2 has wire type 0, expected 5", 4));
  CHECK(error_of(bytes(2, bytes(3, "x"))) == wire("field 3 has wire type 2, expected 0", 5));
}

TEST_CASE("tokenizer.model: cut at any byte or with random bytes changed, it gives an Error or a tokenizer that works") {
  const test::TempFolder folder;
  TokenizerTraining training{.vocab_size = 330, .user_symbols = {"\n"}};
  train_tokenizer({"What is 12 + 30?\nThe sum is 42.\n"}, training)->save(folder.path());
  const std::string model = base::read_file(folder.path("tokenizer.model"));
  const auto survives = [](const std::string& damaged) {
    try {
      const auto tokenizer = make_tokenizer(parse_sentencepiece_model(damaged, "m"), "m");
      tokenizer->decode(tokenizer->encode_with_special("What is <eos>\n \u9f8d 12 + 30?"));
    } catch (const Error&) {
    }
  };
  for (size_t size = 0; size < model.size(); size += 7) survives(model.substr(0, size));
  base::Random random(1, "mutations");
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = model;
    for (auto count = random.between(1, 4); count > 0; --count) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    }
    survives(damaged);
  }
}

}  // namespace lockstep::model
