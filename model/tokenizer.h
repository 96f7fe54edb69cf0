// SPDX-License-Identifier: Apache-2.0
// Text <-> ids. One interface over byte-level BPE (tokenizer.json), SentencePiece (tokenizer.model) and GGUF vocabularies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::model {

using TokenId = int32_t;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of plain text: no template, nothing added, and text never becomes a special token ("<|im_end|>" in it is
  // tokenised as the characters it consists of). Ill-formed UTF-8 is repaired first (base::repair_utf8).
  virtual std::vector<TokenId> encode(std::string_view text) const = 0;
  // As encode, but special tokens written in `text` become their ids: for templates and for `lockstep tokenize` parity.
  virtual std::vector<TokenId> encode_with_special(std::string_view text) const = 0;
  // Bytes of the ids. Special tokens are written out unless `skip_special`. Unknown ids throw Error.
  virtual std::string decode(const std::vector<TokenId>& ids, bool skip_special = false) const = 0;
  // Bytes of one id as they appear inside a text (for stop strings and streaming); may be part of a UTF-8 sequence.
  virtual std::string piece(TokenId id) const = 0;

  virtual int64_t vocab_size() const = 0;
  virtual bool is_special(TokenId id) const = 0;
  virtual std::optional<TokenId> find(std::string_view piece) const = 0;  // id of a token by its exact text
  virtual std::optional<TokenId> bos_id() const = 0;
  virtual std::optional<TokenId> eos_id() const = 0;
  virtual std::optional<TokenId> pad_id() const = 0;
  // True when texts for this model begin with bos_id. `encode` never adds it; prompt_ids (chat_template.h) does.
  virtual bool adds_bos() const = 0;

  // Writes the tokenizer's files (as they were read) into a model folder.
  virtual void save(const std::string& folder) const = 0;
};

// tokenizer.json, else tokenizer.model; Error when neither is there or when a part of it is not supported (by name).
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder);

struct TokenizerTraining {
  int64_t vocab_size = 32000;
  bool byte_fallback = true;
  bool split_digits = true;
  std::vector<std::string> user_symbols = {};  // always one token each, e.g. "\n"
  std::string pad = "<pad>", eos = "<eos>", unk = "<unk>", bos = "";
  uint64_t seed = 0;
};
// SentencePiece BPE over `documents`, in memory; the same inputs give the same model bytes. Nothing is added, removed
// or normalised: decode(encode(x)) == x for text that the vocabulary covers.
std::shared_ptr<const Tokenizer> train_tokenizer(const std::vector<std::string>& documents, const TokenizerTraining& training);

}  // namespace lockstep::model
