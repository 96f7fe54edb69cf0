// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding's inner loop: repeatedly merge the best adjacent pair (Sennrich et al., arXiv:1508.07909).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lockstep::model {

// A symbol is a token id, or a number of the caller's choice for text that is no token but takes part in merges.
using Symbol = uint32_t;

class BpeMerges {
 public:
  struct Merge {
    Symbol left, right;
    Symbol product;  // what the pair becomes
    uint32_t rank;   // the lowest rank is merged first; equal ranks from left to right
  };
  BpeMerges() = default;
  // Of several merges of one pair the last counts, as in Hugging Face's tokenizers.
  explicit BpeMerges(std::vector<Merge> merges);

  // Merges in place until no pair is left. O(n log n): a linked list and a queue of candidates.
  void apply(std::vector<Symbol>& symbols) const;
  const Merge* find(Symbol left, Symbol right) const;  // null when the pair is not merged

 private:
  std::vector<Merge> merges_;   // by (left, right)
  std::vector<uint32_t> first_; // [largest left + 2]: merges_[first_[s] .. first_[s + 1]) have left == s
};

}  // namespace lockstep::model
