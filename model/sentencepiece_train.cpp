// SPDX-License-Identifier: Apache-2.0
// train_tokenizer: SentencePiece's BPE trainer over text in memory, without anything that depends on chance.
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/check_parts.h"
#include "model/sentencepiece_model.h"
#include "model/tokenizer_config.h"
#include "model/tokenizer_write.h"
#include "model/unicode_classes.h"

namespace lockstep::model {
namespace {

constexpr const char* kWhere = "tokenizer training";

// The trainer counts words (runs without a space) and keeps positions inside a word in 16 bits. So text is cut before a
// space as soon as a stretch is long, which changes nothing, and anywhere when a word has no end.
constexpr size_t kLongBytes = 4'000, kTooLongBytes = 16'000;

std::vector<std::string> stretches(const std::vector<std::string>& documents) {
  std::vector<std::string> out;
  for (const std::string& document : documents) {
    const std::string text = base::is_utf8(document) ? document : base::repair_utf8(document);
    std::string stretch;
    for (size_t at = 0; at < text.size();) {
      const bool is_space = text[at] == ' ';
      if ((is_space && stretch.size() > kLongBytes) || stretch.size() > kTooLongBytes) {
        out.push_back(std::move(stretch));
        stretch.clear();
      }
      const size_t bytes = first_code_point_bytes(std::string_view(text).substr(at));
      stretch.append(text, at, bytes);
      at += bytes;
    }
    if (!stretch.empty()) out.push_back(std::move(stretch));
  }
  return out;
}

class Stretches final : public sentencepiece::SentenceIterator {
 public:
  explicit Stretches(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  bool done() const override { return at_ == texts_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return texts_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> texts_;
  size_t at_ = 0;
};

// A list option of the trainer is one line of comma-separated values.
std::string as_csv(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) {
    std::string text = "\"";
    for (const char c : value) text += c == '"' ? "\"\"" : std::string(1, c);
    quoted.push_back(text + '"');
  }
  return base::join(quoted, ",");
}

// All characters become pieces while they are few; of a large script collection the rarest 0.05 % are left to the bytes.
std::string character_coverage(const std::vector<std::string>& texts, const TokenizerTraining& training) {
  std::unordered_set<char32_t> characters;
  for (const std::string& text : texts) {
    for (const char32_t c : base::decode_utf8(text)) characters.insert(c);
  }
  const bool are_few = static_cast<int64_t>(characters.size()) * 4 <= training.vocab_size;
  return are_few || !training.byte_fallback ? "1.0" : "0.9995";
}

using Options = std::unordered_map<std::string, std::string>;

Options options_of(const TokenizerTraining& training) {
  Options options{{"model_type", "bpe"},
                  {"vocab_size", cat(training.vocab_size)},
                  {"hard_vocab_limit", "false"},  // a small text may not have that many pieces
                  {"byte_fallback", training.byte_fallback ? "true" : "false"},
                  {"split_digits", training.split_digits ? "true" : "false"},
                  {"normalization_rule_name", "identity"},
                  {"add_dummy_prefix", "false"},
                  {"remove_extra_whitespaces", "false"},
                  {"allow_whitespace_only_pieces", "true"},
                  {"input_sentence_size", "0"},
                  {"shuffle_input_sentence", "false"},
                  {"max_sentence_length", "1000000"},
                  {"num_threads", "1"},
                  {"minloglevel", "2"}};
  int next_id = 0;
  const auto special = [&](const std::string& name, const std::string& piece) {
    options[name + "_id"] = piece.empty() ? "-1" : cat(next_id++);
    if (!piece.empty()) options[name + "_piece"] = piece;
  };
  special("pad", training.pad);
  special("eos", training.eos);
  special("unk", training.unk);
  special("bos", training.bos);
  if (!training.user_symbols.empty()) options["user_defined_symbols"] = as_csv(training.user_symbols);
  return options;
}

void check(const TokenizerTraining& training) {
  const int64_t num_fixed = (training.byte_fallback ? 256 : 0) + static_cast<int64_t>(training.user_symbols.size()) + 4;
  if (training.vocab_size <= num_fixed || training.vocab_size > static_cast<int64_t>(kMaxPieces)) {
    throw Error(cat("vocab_size ", training.vocab_size, " is not between ", num_fixed + 1, " and ", kMaxPieces),
                kWhere, "byte pieces, special tokens and user symbols need room: choose another vocab_size");
  }
  if (training.unk.empty()) throw Error("unk is empty", kWhere, "name an unknown piece, e.g. \"<unk>\"");
  std::vector<std::string> names = training.user_symbols;
  for (const std::string& name : {training.pad, training.eos, training.unk, training.bos}) {
    if (!name.empty()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin != names.end()) {
    throw Error(cat("token \"", base::printable(*twin), "\" is named twice"), kWhere,
                "give each special token and user symbol another text");
  }
  for (const std::string& name : names) {
    if (name.empty() || !base::is_utf8(name) || name.find('\t') != std::string::npos) {
      throw Error(cat("token \"", base::printable(name), "\" is empty, not UTF-8 or holds a tab"), kWhere,
                  "choose another text for it");
    }
  }
}

}  // namespace

std::shared_ptr<const Tokenizer> train_tokenizer(const std::vector<std::string>& documents,
                                                 const TokenizerTraining& training) {
  check(training);
  std::vector<std::string> texts = stretches(documents);
  if (texts.empty()) throw Error("there is no text to train on", kWhere, "give documents that are not empty");
  Options options = options_of(training);
  options["character_coverage"] = character_coverage(texts, training);

  Stretches sentences(std::move(texts));
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!status.ok()) {
    throw Error(cat("SentencePiece could not train: ", base::printable(status.message())), kWhere,
                "choose a vocab_size that fits the text, or more text");
  }
  // Made from the very tokenizer.json that save() writes, so that training, loading and Hugging Face's tokenizers give
  // the same ids by construction. tokenizer.model goes along for tools that read only that.
  std::vector<TokenizerFile> files = tokenizer_files(parse_sentencepiece_model(model, kWhere));
  files.push_back({"tokenizer.model", std::move(model)});
  return make_tokenizer_from_files(std::move(files), kWhere);
}

}  // namespace lockstep::model
