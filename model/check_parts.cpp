// SPDX-License-Identifier: Apache-2.0
// One function per part.
#include "model/check_parts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "model/piece_index.h"

namespace lockstep::model {
namespace {

constexpr const char* kFetchAgain = "the file is damaged or no tokenizer: fetch it again";

std::string quoted(std::string_view text) { return cat('"', base::printable(text), '"'); }

void check_counts(const TokenizerParts& parts, const std::string& origin) {
  if (parts.pieces.empty() || parts.pieces.size() > kMaxPieces) {
    throw Error(cat("a vocabulary of ", parts.pieces.size(), " pieces (1 to ", kMaxPieces, " are allowed)"),
                cat(origin, ": pieces"), kFetchAgain);
  }
  if (parts.kinds.size() != parts.pieces.size()) {
    throw Error(cat(parts.kinds.size(), " piece types for ", parts.pieces.size(), " pieces"),
                cat(origin, ": piece types"), kFetchAgain);
  }
}

void check_pieces(const TokenizerParts& parts, const std::string& origin) {
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    const std::string& text = parts.pieces[id];
    const std::string where = cat(origin, ": pieces[", id, "]");
    const auto kind = static_cast<int32_t>(parts.kinds[id]);
    if (kind < 1 || kind > 6) throw Error(cat("piece type ", kind, " is not one of 1 to 6"), where, kFetchAgain);
    if (text.size() > kMaxPieceBytes) {
      throw Error(cat("a piece of ", text.size(), " bytes (at most ", kMaxPieceBytes, " are allowed)"), where,
                  kFetchAgain);
    }
    if (!base::is_utf8(text)) throw Error(cat("piece ", quoted(text), " is not UTF-8"), where, kFetchAgain);
    if (text.empty() && parts.kinds[id] != PieceKind::unused) throw Error("an empty piece", where, kFetchAgain);
  }
  const auto twins = PieceIndex(parts.pieces).duplicate();
  if (twins) {
    const auto [first, second] = *twins;
    throw Error(cat("piece ", quoted(parts.pieces[static_cast<size_t>(first)]), " stands there twice, as ids ", first,
                    " and ", second),
                cat(origin, ": pieces[", second, "]"), kFetchAgain);
  }
}

void check_bytes(const TokenizerParts& parts, const std::string& origin) {
  std::array<bool, 256> seen{};
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    if (parts.kinds[id] != PieceKind::byte) continue;
    const auto byte = byte_of_piece(parts.pieces[id]);
    if (!byte || parts.model == TokenizerParts::Model::byte_level_bpe) {
      throw Error(cat("piece ", quoted(parts.pieces[id]), " cannot be a byte piece",
                      byte ? " of a byte-level vocabulary" : ": those are <0x00> to <0xFF>"),
                  cat(origin, ": pieces[", id, "]"), kFetchAgain);
    }
    seen[*byte] = true;
  }
  const auto count = std::count(seen.begin(), seen.end(), true);
  if (count != 0 && count != 256) {
    const auto missing = static_cast<uint8_t>(std::find(seen.begin(), seen.end(), false) - seen.begin());
    throw Error(cat("only ", count, " of 256 byte pieces are there; ", piece_of_byte(missing), " is missing"),
                cat(origin, ": pieces"), kFetchAgain);
  }
  const bool needs_unk = parts.model == TokenizerParts::Model::sentencepiece_bpe && count == 0;
  if (needs_unk && !parts.unk) {
    throw Error("neither byte pieces nor an unknown piece: characters outside the vocabulary have no id",
                cat(origin, ": pieces"), "use a vocabulary with byte fallback or an unknown piece");
  }
}

void check_scores(const TokenizerParts& parts, const std::string& origin) {
  if (parts.model != TokenizerParts::Model::sentencepiece_bpe || !parts.merges.empty()) return;
  if (parts.scores.size() != parts.pieces.size()) {
    throw Error(cat(parts.scores.size(), " scores for ", parts.pieces.size(), " pieces"), cat(origin, ": scores"),
                kFetchAgain);
  }
  for (size_t id = 0; id < parts.scores.size(); ++id) {
    if (!std::isfinite(parts.scores[id])) {
      throw Error(cat("score ", parts.scores[id], " of piece ", quoted(parts.pieces[id]), " is not finite"),
                  cat(origin, ": scores[", id, "]"), kFetchAgain);
    }
  }
}

void check_id(std::optional<TokenId> id, size_t num_pieces, const std::string& where) {
  if (id && (*id < 0 || static_cast<size_t>(*id) >= num_pieces)) {
    throw Error(cat("id ", *id, " is outside the vocabulary of ", num_pieces, " pieces"), where, kFetchAgain);
  }
}

void check_added(const TokenizerParts& parts, const std::string& origin) {
  std::vector<std::string_view> contents;
  for (size_t i = 0; i < parts.added.size(); ++i) {
    const AddedToken& token = parts.added[i];
    const std::string where = cat(origin, ": added_tokens[", i, "]");
    check_id(token.id, parts.pieces.size(), where);
    if (token.content != parts.pieces[static_cast<size_t>(token.id)]) {
      throw Error(cat("added token ", quoted(token.content), " has id ", token.id, ", which is piece ",
                      quoted(parts.pieces[static_cast<size_t>(token.id)])),
                  where, kFetchAgain);
    }
    contents.push_back(token.content);
  }
  std::sort(contents.begin(), contents.end());
  const auto twin = std::adjacent_find(contents.begin(), contents.end());
  if (twin != contents.end()) {
    throw Error(cat("added token ", quoted(*twin), " stands there twice"), cat(origin, ": added_tokens"), kFetchAgain);
  }
}

void check_names(const TokenizerParts& parts, const std::string& origin) {
  check_id(parts.bos, parts.pieces.size(), cat(origin, ": bos"));
  check_id(parts.eos, parts.pieces.size(), cat(origin, ": eos"));
  check_id(parts.pad, parts.pieces.size(), cat(origin, ": pad"));
  check_id(parts.unk, parts.pieces.size(), cat(origin, ": unk"));
  if (parts.add_bos && !parts.bos) {
    throw Error("texts are to begin with bos, but there is no bos token", cat(origin, ": add_bos"),
                "name a bos token or switch add_bos off");
  }
  const auto& names = pretokenizer_names();
  const bool is_known = std::find(names.begin(), names.end(), parts.pre) != names.end();
  if (parts.model == TokenizerParts::Model::byte_level_bpe && !is_known) {
    throw Error(cat("pre-tokenizer ", quoted(parts.pre), " is not supported"), cat(origin, ": pre"),
                cat("use a model with one of: ", base::join(names, ", ")));
  }
}

}  // namespace

void check_parts(const TokenizerParts& parts, const std::string& origin) {
  check_counts(parts, origin);
  check_pieces(parts, origin);
  check_names(parts, origin);
  check_bytes(parts, origin);
  check_scores(parts, origin);
  check_added(parts, origin);
}

std::vector<BpeMerges::Merge> resolve_merges(const TokenizerParts& parts,
                                             const Tokenizer& vocabulary,
                                             const std::string& origin) {
  std::vector<BpeMerges::Merge> merges;
  merges.reserve(parts.merges.size());
  for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
    const std::string& text = parts.merges[rank];
    const std::string where = cat(origin, ": merges[", rank, "]");
    const size_t space = text.find(' ');
    if (space == 0 || space == std::string::npos || space + 1 == text.size() ||
        text.find(' ', space + 1) != std::string::npos) {
      throw Error(cat("merge ", quoted(text), " is not two pieces with one space between"), where, kFetchAgain);
    }
    const auto id_of = [&](const std::string& piece) {
      const auto id = vocabulary.find(piece);
      if (!id) throw Error(cat("merge ", quoted(text), " needs piece ", quoted(piece), ", which is missing"), where, kFetchAgain);
      return static_cast<Symbol>(*id);
    };
    const std::string left = text.substr(0, space), right = text.substr(space + 1);
    merges.push_back({id_of(left), id_of(right), id_of(left + right), static_cast<uint32_t>(rank)});
  }
  return merges;
}

std::vector<AddedToken> added_by_kind(const TokenizerParts& parts) {
  std::vector<AddedToken> added;
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    const PieceKind kind = parts.kinds[id];
    const bool is_special = kind == PieceKind::control || kind == PieceKind::unknown;
    if (!is_special && kind != PieceKind::user_defined) continue;
    added.push_back({.id = static_cast<TokenId>(id), .content = parts.pieces[id], .special = is_special});
  }
  return added;
}

std::optional<uint8_t> byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char digit : piece.substr(3, 2)) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const size_t at = kDigits.find(digit);
    if (at == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(at);
  }
  return static_cast<uint8_t>(value);
}

std::string piece_of_byte(uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return cat("<0x", kDigits[byte >> 4], kDigits[byte & 15], '>');
}

}  // namespace lockstep::model
