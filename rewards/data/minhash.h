// SPDX-License-Identifier: Apache-2.0
// MinHash signatures (Broder, 1997) and the bands that make near duplicates meet (Leskovec et al., Mining of Massive Datasets,
// chapter 3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rewards/data/words.h"

namespace lockstep::rewards::data {

// The distinct hashes of all n-grams of words, ascending. A text of fewer words is one n-gram by itself; without words: none.
std::vector<uint64_t> shingles(const Words& words, size_t ngram);

// |a and b| / |a or b| of two ascending lists; 1 when both are empty.
double jaccard(std::span<const uint64_t> a, std::span<const uint64_t> b);

class MinHash {
 public:
  explicit MinHash(size_t num_permutations);
  size_t size() const { return multipliers_.size(); }

  // Of each permutation the least image of the shingles, (a h + b) mod 2^64 >> 32 with keyed a (odd) and b. The chance that two
  // texts agree in one place is their Jaccard similarity, up to 2^-32 and to what a random hash leaves of this family's bias.
  void signature(std::span<const uint64_t> shingles, std::span<uint32_t> out) const;

 private:
  std::vector<uint64_t> multipliers_, offsets_;
};

// Share of equal places: the estimate of the Jaccard similarity, with standard deviation sqrt(J (1 - J) / places).
double agreement(std::span<const uint32_t> a, std::span<const uint32_t> b);

// Signatures are cut into `count` bands of `rows` places; two texts meet when they agree in a whole band.
struct Bands {
  size_t count, rows;
  // The chance that texts of similarity j meet: 1 - (1 - j^rows)^count.
  double recall(double j) const;
};

// The longest bands that still let pairs at the threshold meet with 0.99 (bands of one place when there is no such choice): every
// pair is verified afterwards, so that longer bands only save time and shorter ones only cost it.
Bands choose_bands(size_t num_permutations, double threshold);

}  // namespace lockstep::rewards::data
