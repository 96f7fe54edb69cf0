// SPDX-License-Identifier: Apache-2.0
// A piece can be made from any two of its parts that are pieces or characters: all such pairs become merges.
#include "model/sentencepiece_tokenizer.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/check_parts.h"
#include "model/unicode_classes.h"

namespace lockstep::model {
namespace {

constexpr std::string_view kSpace = "\u2581";

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0;;) {
    const size_t found = text.find(from, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += to;
    at = found + from.size();
  }
}

bool is_text_kind(PieceKind kind) { return kind == PieceKind::normal || kind == PieceKind::user_defined; }

// Equal scores share a rank: SentencePiece then goes from left to right.
std::vector<uint32_t> ranks_of(const std::vector<float>& scores) {
  std::vector<float> sorted = scores;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<uint32_t> ranks;
  ranks.reserve(scores.size());
  for (const float score : scores) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), score, std::greater<>());
    ranks.push_back(static_cast<uint32_t>(at - sorted.begin()));
  }
  return ranks;
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(TokenizerParts given,
                                               std::vector<TokenizerFile> files,
                                               const std::string& origin)
    : PartsTokenizer(std::move(given), std::move(files)) {
  for (size_t id = 0; id < parts().pieces.size(); ++id) {
    const std::string& text = parts().pieces[id];
    if (parts().kinds[id] == PieceKind::byte) {
      bytes_[byte_of_piece(text).value()] = static_cast<TokenId>(id);
      has_bytes_ = true;
    } else if (is_text_kind(parts().kinds[id]) && first_code_point_bytes(text) == text.size()) {
      characters_.emplace(base::decode_utf8(text).front(), static_cast<Symbol>(id));
    }
  }
  merges_ = BpeMerges(parts().merges.empty() ? merges_by_score() : merges_by_rank(origin));

  split_added();
}

// SentencePiece looks for user-defined pieces behind its normalisation, Hugging Face's tokenizers by the token's flag.
void SentencePieceTokenizer::split_added() {
  std::vector<AddedToken> raw, normalized;
  const bool is_by_kind = parts().added.empty();
  for (AddedToken token : is_by_kind ? added_by_kind(parts()) : parts().added) {
    if (is_by_kind && !token.special) {
      token.content = replace_all(token.content, " ", kSpace);
      normalized.push_back(std::move(token));
    } else if (token.normalized) {
      token.content = normalize(token.content);
      normalized.push_back(std::move(token));
    } else {
      raw.push_back(std::move(token));
    }
  }
  set_added(std::move(raw), std::move(normalized));
}

std::vector<BpeMerges::Merge> SentencePieceTokenizer::merges_by_score() {
  const std::vector<uint32_t> ranks = ranks_of(parts().scores);
  auto next_symbol = static_cast<Symbol>(vocab_size() + 1);  // vocab_size itself is "no such character"
  const auto symbol_for = [&](std::string_view part) -> std::optional<Symbol> {
    if (first_code_point_bytes(part) == part.size()) {
      const auto [at, is_new] = characters_.emplace(base::decode_utf8(part).front(), next_symbol);
      next_symbol += is_new ? 1 : 0;
      return at->second;
    }
    const auto id = find(part);
    if (!id || !is_text_kind(parts().kinds[static_cast<size_t>(*id)])) return std::nullopt;
    return static_cast<Symbol>(*id);
  };
  std::vector<BpeMerges::Merge> merges;
  for (size_t id = 0; id < parts().pieces.size(); ++id) {
    if (!is_text_kind(parts().kinds[id])) continue;
    const std::string_view text = parts().pieces[id];
    for (size_t at = first_code_point_bytes(text); at < text.size();
         at += first_code_point_bytes(text.substr(at))) {
      const auto left = symbol_for(text.substr(0, at)), right = symbol_for(text.substr(at));
      if (left && right) merges.push_back({*left, *right, static_cast<Symbol>(id), ranks[id]});
    }
  }
  return merges;
}

std::vector<BpeMerges::Merge> SentencePieceTokenizer::merges_by_rank(const std::string& origin) {
  std::vector<BpeMerges::Merge> merges;
  for (const BpeMerges::Merge& merge : resolve_merges(parts(), *this, origin)) {
    if (is_text_kind(parts().kinds[merge.product])) merges.push_back(merge);
  }
  return merges;
}

std::string SentencePieceTokenizer::normalize(std::string_view text) const {
  const bool is_prefixed = parts().add_space_prefix && !text.empty();
  return (is_prefixed ? std::string(kSpace) : "") + replace_all(text, " ", kSpace);
}

void SentencePieceTokenizer::encode_plain(std::string_view text, std::vector<TokenId>& ids) const {
  const auto num_pieces = static_cast<Symbol>(vocab_size());
  std::vector<Symbol> symbols;
  for (const char32_t character : base::decode_utf8(text)) {
    const auto known = characters_.find(character);
    symbols.push_back(known == characters_.end() ? num_pieces : known->second);
  }
  merges_.apply(symbols);
  bool was_unknown = false;
  for (const Symbol symbol : symbols) {
    const bool is_unknown = symbol >= num_pieces;
    const size_t bytes = is_unknown ? first_code_point_bytes(text) : parts().pieces[symbol].size();
    if (!is_unknown) {
      ids.push_back(static_cast<TokenId>(symbol));
    } else if (has_bytes_) {
      for (const char byte : text.substr(0, bytes)) ids.push_back(bytes_[static_cast<uint8_t>(byte)]);
    } else if (!was_unknown) {
      ids.push_back(parts().unk.value());  // one for a whole run of unknown characters
    }
    was_unknown = is_unknown;
    text.remove_prefix(bytes);
  }
}

std::string SentencePieceTokenizer::piece(TokenId id) const {
  const std::string& text = piece_text(id);
  if (is_special(id)) return text;
  if (const auto byte = byte_of_piece(text); byte && parts().kinds[static_cast<size_t>(id)] == PieceKind::byte) {
    return std::string(1, static_cast<char>(*byte));
  }
  return replace_all(text, kSpace, " ");
}

std::string SentencePieceTokenizer::decode(const std::vector<TokenId>& ids, bool skip_special) const {
  std::string text = PartsTokenizer::decode(ids, skip_special);
  if (parts().add_space_prefix && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

}  // namespace lockstep::model
