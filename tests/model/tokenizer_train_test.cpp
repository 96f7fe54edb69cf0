// SPDX-License-Identifier: Apache-2.0
// Laws of train_tokenizer.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/tokenizer.h"
#include "tests/model/random_texts.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

std::vector<std::string> sums(int count) {
  std::vector<std::string> documents;
  for (int i = 0; i < count; ++i) {
    documents.push_back(cat("Question: What is ", i * 37 % 1000, " + ", i * 91 % 1000, "?\nAnswer:  the sum is ",
                            i * 37 % 1000 + i * 91 % 1000, ".\n\n"));
  }
  return documents;
}

TokenizerTraining small() { return {.vocab_size = 400, .user_symbols = {"\n", "<think>", "a,\"b"}}; }

std::string model_bytes(const Tokenizer& tokenizer) {
  const test::TempFolder folder;
  tokenizer.save(folder.path());
  return base::read_file(folder.path("tokenizer.model"));
}

std::string error_of(const std::vector<std::string>& documents, const TokenizerTraining& training) {
  try {
    train_tokenizer(documents, training);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("train_tokenizer: the same documents give the same bytes") {
  const auto first = train_tokenizer(sums(200), small()), second = train_tokenizer(sums(200), small());
  CHECK(base::sha256_hex(model_bytes(*first)) == base::sha256_hex(model_bytes(*second)));
  const auto other = train_tokenizer(sums(201), small());
  CHECK(base::sha256_hex(model_bytes(*first)) != base::sha256_hex(model_bytes(*other)));
}

TEST_CASE("train_tokenizer: decode(encode(x)) == x for any text, by bytes where no piece fits") {
  const auto tokenizer = train_tokenizer(sums(200), small());
  const RandomTexts texts(1);
  for (uint32_t i = 0; i < 2000; ++i) {
    const std::string text = texts.text(i);
    if (text.find("\u2581") != std::string::npos) continue;  // SentencePiece's own sign for a space
    CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
    CHECK(tokenizer->decode(tokenizer->encode_with_special(text)) == text);
  }
  CHECK(tokenizer->decode(tokenizer->encode("  two  spaces \n\n\t end ")) == "  two  spaces \n\n\t end ");
  CHECK(tokenizer->encode("").empty());
}

TEST_CASE("train_tokenizer: digits stand alone and user symbols are one token") {
  const auto tokenizer = train_tokenizer(sums(200), small());
  for (const TokenId id : tokenizer->encode("What is 365 + 1000?")) {
    const std::string piece = tokenizer->piece(id);
    const auto digits = std::count_if(piece.begin(), piece.end(), [](char c) { return c >= '0' && c <= '9'; });
    CHECK((digits == 0 || base::trim(piece).size() == 1));
  }
  for (const char* symbol : {"\n", "<think>", "a,\"b"}) {
    REQUIRE(tokenizer->find(symbol).has_value());
    CHECK(tokenizer->encode(symbol) == std::vector<TokenId>{*tokenizer->find(symbol)});
    CHECK_FALSE(tokenizer->is_special(*tokenizer->find(symbol)));
  }
}

TEST_CASE("train_tokenizer: special tokens come first, and text never becomes one") {
  TokenizerTraining training = small();
  training.bos = "<bos>";
  const auto tokenizer = train_tokenizer(sums(200), training);
  CHECK(tokenizer->pad_id() == 0);
  CHECK(tokenizer->eos_id() == 1);
  CHECK(tokenizer->find("<unk>") == 2);
  CHECK(tokenizer->bos_id() == 3);
  CHECK_FALSE(tokenizer->adds_bos());
  for (const TokenId id : tokenizer->encode("a<eos><pad><unk><bos>b")) CHECK_FALSE(tokenizer->is_special(id));
  const auto ids = tokenizer->encode_with_special("<bos>sum<eos>");
  CHECK(ids.front() == 3);
  CHECK(ids.back() == 1);
  CHECK(tokenizer->decode(ids) == "<bos>sum<eos>");
  CHECK(tokenizer->decode(ids, true) == "sum");
}

TEST_CASE("train_tokenizer: without byte fallback a run of unknown characters is one unknown piece") {
  TokenizerTraining training = small();
  training.byte_fallback = false;
  const auto tokenizer = train_tokenizer(sums(200), training);
  CHECK(tokenizer->encode("\u9f8d\u9f8d") == std::vector<TokenId>{2});
  CHECK(tokenizer->decode(tokenizer->encode("the sum is 5.\n")) == "the sum is 5.\n");
}

TEST_CASE("train_tokenizer: a long word without spaces is no problem") {
  std::string word;
  for (int i = 0; i < 100'000; ++i) word += static_cast<char>('a' + i % 7);
  const auto tokenizer = train_tokenizer({word, std::string(70'000, ' '), "\u2581 \u2585"}, small());
  CHECK(tokenizer->decode(tokenizer->encode(word)) == word);
}

TEST_CASE("train_tokenizer: a saved tokenizer gives the same ids when it is loaded") {
  const auto tokenizer = train_tokenizer(sums(200), small());
  const test::TempFolder folder;
  tokenizer->save(folder.path());
  const auto loaded = load_tokenizer(folder.path());
  CHECK(loaded->vocab_size() == tokenizer->vocab_size());
  CHECK(loaded->eos_id() == tokenizer->eos_id());
  CHECK(loaded->pad_id() == tokenizer->pad_id());
  CHECK_FALSE(loaded->bos_id().has_value());
  const RandomTexts texts(2);
  for (uint32_t i = 0; i < 500; ++i) {
    CHECK(loaded->encode(texts.text(i)) == tokenizer->encode(texts.text(i)));
    CHECK(loaded->encode_with_special(texts.text(i)) == tokenizer->encode_with_special(texts.text(i)));
  }
}

TEST_CASE("train_tokenizer: what cannot be trained is refused") {
  CHECK(error_of({}, small()) ==
        "there is no text to train on\n  where: tokenizer training\n  fix:   give documents that are not empty");
  TokenizerTraining training = small();
  training.vocab_size = 200;
  CHECK(error_of(sums(1), training) ==
        "vocab_size 200 is not between 264 and 1000000\n  where: tokenizer training\n  fix:   byte pieces, special tokens "
        "and user symbols need room: choose another vocab_size");
  training = small();
  training.unk = "";
  CHECK(error_of(sums(1), training) ==
        "unk is empty\n  where: tokenizer training\n  fix:   name an unknown piece, e.g. \"<unk>\"");
  training = small();
  training.user_symbols = {"<eos>"};
  CHECK(error_of(sums(1), training) ==
        "token \"<eos>\" is named twice\n  where: tokenizer training\n  fix:   give each special token and user symbol "
        "another text");
  training.user_symbols = {"\t"};
  CHECK(error_of(sums(1), training) ==
        "token \"\\t\" is empty, not UTF-8 or holds a tab\n  where: tokenizer training\n  fix:   choose another text for it");
  training = small();
  training.byte_fallback = false;
  training.vocab_size = 12;
  const std::string message = error_of(sums(200), training);
  CHECK(message.starts_with("SentencePiece could not train: "));
  CHECK(message.ends_with("\n  where: tokenizer training\n  fix:   choose a vocab_size that fits the text, or more text"));
}

}  // namespace lockstep::model
