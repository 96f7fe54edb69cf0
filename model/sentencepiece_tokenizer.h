// SPDX-License-Identifier: Apache-2.0
// SentencePiece-like BPE: merges characters of the whole text, spaces written as U+2581, unknown characters as bytes.
#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/bpe_merges.h"
#include "model/parts_tokenizer.h"

namespace lockstep::model {

// Gives the ids of SentencePiece's own BPE encoder (bpe_model.cc of 0.1.97) when the parts have scores, and those of
// Hugging Face's tokenizers when they have merges. U+2581 in a text comes back from decode as a space, as it does there.
class SentencePieceTokenizer final : public PartsTokenizer {
 public:
  // `parts` have passed check_parts (model/check_parts.h).
  SentencePieceTokenizer(TokenizerParts parts, std::vector<TokenizerFile> files, const std::string& origin);

  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override;
  std::string piece(TokenId id) const override;

 private:
  std::string normalize(std::string_view text) const override;
  void encode_plain(std::string_view text, std::vector<TokenId>& ids) const override;

  void split_added();
  std::vector<BpeMerges::Merge> merges_by_score();
  std::vector<BpeMerges::Merge> merges_by_rank(const std::string& origin);

  BpeMerges merges_;
  // Single characters that take part in merges without being pieces get symbols above the vocabulary.
  std::unordered_map<char32_t, Symbol> characters_;
  std::array<TokenId, 256> bytes_{};
  bool has_bytes_ = false;
};

}  // namespace lockstep::model
