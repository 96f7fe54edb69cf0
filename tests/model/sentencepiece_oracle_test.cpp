// SPDX-License-Identifier: Apache-2.0
// SentencePieceTokenizer against the SentencePiece library itself, on the library's own models.
#include <doctest/doctest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "model/sentencepiece_model.h"
#include "model/tokenizer_from_parts.h"
#include "tests/model/random_texts.h"

namespace lockstep::model {
namespace {

constexpr uint32_t kNumTexts = 20'000;

class Sentences final : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const RandomTexts& texts) : texts_(texts), text_(texts.text(0)) {}
  bool done() const override { return at_ == 3000; }
  void Next() override { text_ = texts_.text(++at_); }
  const std::string& value() const override { return text_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const RandomTexts& texts_;
  uint32_t at_ = 0;
  std::string text_;
};

using Options = std::unordered_map<std::string, std::string>;

std::string train(const Options& differences) {
  const RandomTexts texts(3);
  Sentences sentences(texts);
  Options options{{"model_type", "bpe"},          {"vocab_size", "3000"},          {"character_coverage", "0.98"},
                  {"num_threads", "1"},           {"minloglevel", "2"},            {"normalization_rule_name", "identity"},
                  {"hard_vocab_limit", "false"},  {"remove_extra_whitespaces", "false"}};
  for (const auto& [name, value] : differences) options[name] = value;
  std::string model;
  REQUIRE(sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model).ok());
  return model;
}

void check_same_ids(const std::string& model, uint32_t stream) {
  sentencepiece::SentencePieceProcessor library;
  REQUIRE(library.LoadFromSerializedProto(model).ok());
  const auto ours = make_tokenizer(parse_sentencepiece_model(model, "model"), "model");
  REQUIRE(ours->vocab_size() == library.GetPieceSize());
  CHECK(ours->bos_id().value_or(-1) == library.bos_id());
  CHECK(ours->eos_id().value_or(-1) == library.eos_id());
  CHECK(ours->pad_id().value_or(-1) == library.pad_id());
  const RandomTexts texts(stream);
  uint32_t num_different = 0;
  for (uint32_t i = 0; i < kNumTexts; ++i) {
    const std::string text = texts.text(i);
    std::vector<int> expected;
    REQUIRE(library.Encode(text, &expected).ok());
    if (ours->encode(text) != expected && ++num_different <= 5) CHECK_MESSAGE(false, "ids differ for: ", text);
  }
  CHECK(num_different == 0);
}

}  // namespace

TEST_CASE("sentencepiece: 20,000 random texts get the library's ids (byte fallback, no prefix)") {
  check_same_ids(train({{"byte_fallback", "true"}, {"add_dummy_prefix", "false"}, {"split_digits", "true"}}), 4);
}

TEST_CASE("sentencepiece: 20,000 random texts get the library's ids (space prefix, unknown pieces, user symbols)") {
  check_same_ids(train({{"byte_fallback", "false"},
                        {"add_dummy_prefix", "true"},
                        {"pad_id", "3"},
                        {"user_defined_symbols", "\n,<think>,</think>,<|im_start|>,<|im,1,12,\u2581\u2581"}}),
                 5);
}

TEST_CASE("sentencepiece: 20,000 random texts get the library's ids (pieces across spaces, equal scores)") {
  check_same_ids(train({{"byte_fallback", "true"},
                        {"add_dummy_prefix", "true"},
                        {"split_by_whitespace", "false"},
                        {"split_by_unicode_script", "false"},
                        {"split_by_number", "false"},
                        {"max_sentencepiece_length", "40"}}),
                 6);
}

}  // namespace lockstep::model
