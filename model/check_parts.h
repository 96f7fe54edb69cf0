// SPDX-License-Identifier: Apache-2.0
// The checks that every vocabulary passes before a tokenizer is made of it, whichever file it came from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/bpe_merges.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {

constexpr size_t kMaxPieces = 1'000'000;
constexpr size_t kMaxPieceBytes = 1024;

// Throws an Error with where = "origin: part" for the first rule that is broken. What the two kinds of vocabulary need
// beyond it, they check themselves.
void check_parts(const TokenizerParts& parts, const std::string& origin);

// The merges as pairs of ids, ranked in their order. Error for a merge that is not "left right" or whose pieces or product
// are not in the vocabulary.
std::vector<BpeMerges::Merge> resolve_merges(const TokenizerParts& parts,
                                             const Tokenizer& vocabulary,
                                             const std::string& origin);

// An AddedToken without flags for every control, unknown and user_defined piece.
std::vector<AddedToken> added_by_kind(const TokenizerParts& parts);

std::optional<uint8_t> byte_of_piece(std::string_view piece);  // "<0x0A>" -> 10
std::string piece_of_byte(uint8_t byte);                       // 10 -> "<0x0A>"

}  // namespace lockstep::model
