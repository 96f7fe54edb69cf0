// SPDX-License-Identifier: Apache-2.0
// A permutation of the ids, sorted by text.
#include "model/piece_index.h"

#include <algorithm>
#include <numeric>

namespace lockstep::model {

PieceIndex::PieceIndex(const std::vector<std::string>& pieces) : pieces_(pieces), order_(pieces.size()) {
  std::iota(order_.begin(), order_.end(), TokenId{0});
  std::sort(order_.begin(), order_.end(), [&](TokenId a, TokenId b) {
    const int compared = pieces_[a].compare(pieces_[b]);
    return compared != 0 ? compared < 0 : a < b;
  });
}

std::optional<TokenId> PieceIndex::find(std::string_view piece) const {
  const auto at = std::lower_bound(order_.begin(), order_.end(), piece,
                                   [&](TokenId id, std::string_view wanted) { return pieces_[id] < wanted; });
  if (at == order_.end() || pieces_[*at] != piece) return std::nullopt;
  return *at;
}

std::optional<std::pair<TokenId, TokenId>> PieceIndex::duplicate() const {
  std::optional<std::pair<TokenId, TokenId>> first;
  for (size_t i = 1; i < order_.size(); ++i) {
    const std::pair pair{order_[i - 1], order_[i]};
    const bool is_same = pieces_[pair.first] == pieces_[pair.second] && !pieces_[pair.first].empty();
    if (is_same && (!first || pair < *first)) first = pair;
  }
  return first;
}

}  // namespace lockstep::model
