// SPDX-License-Identifier: Apache-2.0
// What the tokenizers of this folder have in common: a vocabulary, added tokens cut out first, decoding, files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/added_tokens.h"
#include "model/piece_index.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {

struct TokenizerFile {
  std::string name, content;
};

class PartsTokenizer : public Tokenizer {
 public:
  // `files` are written by save() as they are; without any, save() writes a tokenizer.json made from the parts.
  PartsTokenizer(TokenizerParts parts, std::vector<TokenizerFile> files);

  std::vector<TokenId> encode(std::string_view text) const final { return encode_parts(text, false); }
  std::vector<TokenId> encode_with_special(std::string_view text) const final { return encode_parts(text, true); }
  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override;

  int64_t vocab_size() const final { return static_cast<int64_t>(parts_.pieces.size()); }
  bool is_special(TokenId id) const final;
  std::optional<TokenId> find(std::string_view piece) const final { return index_.find(piece); }
  std::optional<TokenId> bos_id() const final { return parts_.bos; }
  std::optional<TokenId> eos_id() const final { return parts_.eos; }
  std::optional<TokenId> pad_id() const final { return parts_.pad; }
  bool adds_bos() const final { return parts_.add_bos; }
  void save(const std::string& folder) const final;

  const TokenizerParts& parts() const { return parts_; }

 protected:
  // The text between added tokens, as the vocabulary's pieces are written.
  virtual std::string normalize(std::string_view text) const = 0;
  // Appends the ids of normalised text that holds no added token. Never yields a special id.
  virtual void encode_plain(std::string_view text, std::vector<TokenId>& ids) const = 0;

  const std::string& piece_text(TokenId id) const;  // Error for an id outside the vocabulary
  // The tokens cut out of the raw text, and those cut out of normalised text (their contents are normalised already).
  void set_added(std::vector<AddedToken> raw, std::vector<AddedToken> normalized);

 private:
  std::vector<TokenId> encode_parts(std::string_view text, bool with_special) const;

  TokenizerParts parts_;
  PieceIndex index_;
  AddedTokens raw_, normalized_;
  std::vector<TokenizerFile> files_;
};

}  // namespace lockstep::model
