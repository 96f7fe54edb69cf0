// SPDX-License-Identifier: Apache-2.0
// Piece text -> id, by binary search: no choice of pieces makes it slow, and nothing depends on a hash.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace lockstep::model {

class PieceIndex {
 public:
  // Keeps a reference to `pieces`, which must outlive it and not change.
  explicit PieceIndex(const std::vector<std::string>& pieces);

  std::optional<TokenId> find(std::string_view piece) const;
  // Two ids with the same text, the lowest such pair; nullopt when every piece is unique. Empty pieces (ids without a
  // token) do not count.
  std::optional<std::pair<TokenId, TokenId>> duplicate() const;

 private:
  const std::vector<std::string>& pieces_;
  std::vector<TokenId> order_;  // ids by piece text, then by id
};

}  // namespace lockstep::model
