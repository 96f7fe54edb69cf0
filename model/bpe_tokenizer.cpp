// SPDX-License-Identifier: Apache-2.0
// Every word is merged alone, so words can be remembered.
#include "model/bpe_tokenizer.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/byte_alphabet.h"
#include "model/check_parts.h"
#include "model/nfc.h"

namespace lockstep::model {
namespace {

constexpr size_t kMaxCachedWordBytes = 64, kMaxCachedWords = size_t{1} << 16;

}  // namespace

bool WordCache::find(std::string_view word, std::vector<TokenId>& ids) const {
  if (word.size() > kMaxCachedWordBytes) return false;
  const std::lock_guard lock(mutex_);
  const auto at = words_.find(std::string(word));
  if (at == words_.end()) return false;
  ids.insert(ids.end(), at->second.begin(), at->second.end());
  return true;
}

void WordCache::insert(std::string_view word, std::vector<TokenId> ids) {
  if (word.size() > kMaxCachedWordBytes) return;
  const std::lock_guard lock(mutex_);
  if (words_.size() >= kMaxCachedWords) words_.clear();
  words_.emplace(word, std::move(ids));
}

BpeTokenizer::BpeTokenizer(TokenizerParts given, std::vector<TokenizerFile> files, const std::string& origin)
    : PartsTokenizer(std::move(given), std::move(files)), pretokenizer_(parts().pre) {
  const PretokenizerTraits traits = pretokenizer_traits(parts().pre);
  is_nfc_ = parts().nfc.value_or(traits.nfc);
  ignores_merges_ = parts().ignore_merges.value_or(traits.ignore_merges);
  find_bytes(origin);
  std::vector<BpeMerges::Merge> merges = resolve_merges(parts(), *this, origin);
  // Text never becomes a special token, not even one that merges could spell.
  std::erase_if(merges, [&](const auto& merge) { return is_special(static_cast<TokenId>(merge.product)); });
  merges_ = BpeMerges(std::move(merges));
  split_added();
}

void BpeTokenizer::find_bytes(const std::string& origin) {
  for (size_t byte = 0; byte < 256; ++byte) {
    const std::string letter = to_byte_alphabet(std::string(1, static_cast<char>(byte)));
    bytes_[byte] = find(letter);
    if (bytes_[byte] && is_special(*bytes_[byte])) {
      throw Error(cat("byte ", byte, " (piece \"", letter, "\") is a special token"), cat(origin, ": pieces"),
                  "choose another special token: text that holds this byte could not be written");
    }
  }
}

void BpeTokenizer::split_added() {
  std::vector<AddedToken> raw, normalized;
  for (AddedToken token : parts().added.empty() ? added_by_kind(parts()) : parts().added) {
    if (token.normalized) token.content = normalize(token.content);
    (token.normalized ? normalized : raw).push_back(std::move(token));
  }
  set_added(std::move(raw), std::move(normalized));
}

std::string BpeTokenizer::normalize(std::string_view text) const {
  return is_nfc_ ? to_nfc(text) : std::string(text);
}

std::vector<TokenId> BpeTokenizer::encode_word(std::string_view word) const {
  if (ignores_merges_) {
    const auto whole = find(to_byte_alphabet(word));
    if (whole && !is_special(*whole)) return {*whole};
  }
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (const char byte : word) {
    const auto id = bytes_[static_cast<uint8_t>(byte)];
    if (id) symbols.push_back(static_cast<Symbol>(*id));
  }
  merges_.apply(symbols);
  return {symbols.begin(), symbols.end()};
}

void BpeTokenizer::encode_plain(std::string_view text, std::vector<TokenId>& ids) const {
  for (const std::string_view word : pretokenizer_.split(text)) {
    if (cache_.find(word, ids)) continue;
    std::vector<TokenId> word_ids = encode_word(word);
    ids.insert(ids.end(), word_ids.begin(), word_ids.end());
    cache_.insert(word, std::move(word_ids));
  }
}

std::string BpeTokenizer::piece(TokenId id) const {
  const std::string& text = piece_text(id);
  if (parts().kinds[static_cast<size_t>(id)] != PieceKind::normal) return text;
  return from_byte_alphabet(text).value_or(text);
}

}  // namespace lockstep::model
