// SPDX-License-Identifier: Apache-2.0
// Shingles, signatures and bands.
#include "rewards/data/minhash.h"

#include <algorithm>

#include "base/rng.h"

namespace lockstep::rewards::data {
namespace {

double power(double base, size_t exponent) {
  double result = 1;
  for (size_t i = 0; i < exponent; ++i) result *= base;
  return result;
}

constexpr double kRecall = 0.99;

}  // namespace

std::vector<uint64_t> shingles(const Words& words, size_t ngram) {
  std::vector<uint64_t> hashes;
  if (words.size() == 0) return hashes;
  const size_t n = std::min(ngram, words.size());
  hashes.reserve(words.size() - n + 1);
  for (size_t i = 0; i + n <= words.size(); ++i) hashes.push_back(hash_text(words.gram(i, n)));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

double jaccard(std::span<const uint64_t> a, std::span<const uint64_t> b) {
  if (a.empty() && b.empty()) return 1;
  size_t both = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    both += a[i] == b[j] ? 1 : 0;
    const bool a_steps = a[i] <= b[j], b_steps = b[j] <= a[i];
    i += a_steps ? 1 : 0;
    j += b_steps ? 1 : 0;
  }
  return static_cast<double>(both) / static_cast<double>(a.size() + b.size() - both);
}

MinHash::MinHash(size_t num_permutations) {
  base::Random random(0, "minhash");
  for (size_t i = 0; i < num_permutations; ++i) {
    multipliers_.push_back(random.bits64() | 1);
    offsets_.push_back(random.bits64());
  }
}

void MinHash::signature(std::span<const uint64_t> shingles, std::span<uint32_t> out) const {
  for (size_t i = 0; i < size(); ++i) {
    const uint64_t a = multipliers_[i], b = offsets_[i];
    uint64_t least = UINT64_MAX;
    for (const uint64_t h : shingles) least = std::min(least, a * h + b);
    out[i] = static_cast<uint32_t>(least >> 32);
  }
}

double agreement(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  // Where most of the time goes when rows share a template: plain pointers and a narrow count, so that it is vectorised.
  const uint32_t *left = a.data(), *right = b.data();
  uint32_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += left[i] == right[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

double Bands::recall(double j) const { return 1 - power(1 - power(j, rows), count); }

Bands choose_bands(size_t num_permutations, double threshold) {
  Bands best{num_permutations, 1};
  for (size_t rows = 2; rows <= num_permutations; ++rows) {
    const Bands bands{num_permutations / rows, rows};
    if (bands.recall(threshold) >= kRecall) best = bands;
  }
  return best;
}

}  // namespace lockstep::rewards::data
