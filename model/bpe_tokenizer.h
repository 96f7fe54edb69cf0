// SPDX-License-Identifier: Apache-2.0
// Byte-level BPE (GPT-2 and its heirs: Llama 3, Qwen, SmolLM2, DeepSeek-V3): words, their bytes, merges.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/bpe_merges.h"
#include "model/parts_tokenizer.h"
#include "model/pretokenizer.h"

namespace lockstep::model {

// Words seen before and their ids. Safe to share between threads; forgets everything when it is full.
class WordCache {
 public:
  bool find(std::string_view word, std::vector<TokenId>& ids) const;  // appends the ids
  void insert(std::string_view word, std::vector<TokenId> ids);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<TokenId>> words_;
};

// Gives the ids of Hugging Face's tokenizers (BPE model with a ByteLevel pre-tokenizer). decode(encode(x)) == x for
// well-formed UTF-8 (its NFC where the vocabulary asks for that) if all its bytes have pieces. Some vocabularies lack rare
// bytes (SmolLM2: 21 of them, such as 0x06 and 0xF1): those are left out of the ids, as tokenizers does.
class BpeTokenizer final : public PartsTokenizer {
 public:
  // `parts` have passed check_parts (model/check_parts.h). Error: a byte that is a special token, a merge of unknown pieces.
  BpeTokenizer(TokenizerParts parts, std::vector<TokenizerFile> files, const std::string& origin);

  std::string piece(TokenId id) const override;

 private:
  std::string normalize(std::string_view text) const override;
  void encode_plain(std::string_view text, std::vector<TokenId>& ids) const override;
  std::vector<TokenId> encode_word(std::string_view word) const;

  void find_bytes(const std::string& origin);
  void split_added();

  BpeMerges merges_;
  std::array<std::optional<TokenId>, 256> bytes_{};
  Pretokenizer pretokenizer_;
  bool is_nfc_ = false, ignores_merges_ = false;
  mutable WordCache cache_;
};

}  // namespace lockstep::model
