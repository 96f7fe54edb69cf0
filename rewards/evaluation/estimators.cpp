// SPDX-License-Identifier: Apache-2.0
// pass@k as a product, cons@k over subsets.
#include "rewards/evaluation/estimators.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"

namespace lockstep::rewards::evaluation {
namespace {

// C(n, k), or nothing when it is more than `most`.
std::optional<int64_t> count_subsets(int64_t n, int64_t k, int64_t most) {
  int64_t count = 1;
  for (int64_t i = 1; i <= std::min(k, n - k); ++i) {
    count = count * (n - i + 1) / i;  // at most `most` times n before the division
    if (count > most) return std::nullopt;
  }
  return count;
}

// The next subset in lexicographic order; false after the last.
bool next_subset(std::vector<size_t>& subset, size_t n) {
  const size_t k = subset.size();
  for (size_t i = k; i-- > 0;) {
    if (subset[i] == n - k + i) continue;
    ++subset[i];
    for (size_t j = i + 1; j < k; ++j) subset[j] = subset[j - 1] + 1;
    return true;
  }
  return false;
}

std::vector<size_t> random_subset(base::Random random, size_t n, size_t k) {
  std::vector<size_t> all(n);
  std::iota(all.begin(), all.end(), size_t{0});
  for (size_t i = 0; i < k; ++i) std::swap(all[i], all[i + random.below(n - i)]);
  all.resize(k);
  std::sort(all.begin(), all.end());
  return all;
}

bool is_right(std::span<const Vote> votes, const std::vector<size_t>& subset) {
  std::vector<Vote> drawn;
  for (size_t i : subset) drawn.push_back(votes[i]);
  return majority_is_right(drawn);
}

}  // namespace

double pass_at_k(int64_t n, int64_t c, int64_t k) {
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (int64_t i = n - c + 1; i <= n; ++i) miss *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  return 1.0 - miss;
}

bool majority_is_right(std::span<const Vote> votes) {
  std::map<int, int64_t> counts;
  for (const Vote& vote : votes)
    if (vote) ++counts[*vote];
  int64_t best = 0;
  bool is_right = false;
  for (const Vote& vote : votes) {
    if (!vote || counts[*vote] <= best) continue;
    best = counts[*vote];
    is_right = *vote == 0;
  }
  return is_right;
}

double cons_at_k(std::span<const Vote> votes, int64_t k, const VoteDraws& draws) {
  const auto n = static_cast<int64_t>(votes.size());
  LOCKSTEP_CHECK(k >= 1 && k <= n && draws.num_draws >= 1, cat("k ", k, " of ", n, " votes, ", draws.num_draws, " draws"));
  if (k == n) return majority_is_right(votes) ? 1.0 : 0.0;
  int64_t hits = 0;
  if (const auto count = count_subsets(n, k, draws.num_draws)) {
    std::vector<size_t> subset(static_cast<size_t>(k));
    std::iota(subset.begin(), subset.end(), size_t{0});
    do hits += is_right(votes, subset);
    while (next_subset(subset, votes.size()));
    return static_cast<double>(hits) / static_cast<double>(*count);
  }
  for (int d = 0; d < draws.num_draws; ++d) {
    const base::Random random(draws.key, "votes", static_cast<uint64_t>(k), static_cast<uint64_t>(d));
    hits += is_right(votes, random_subset(random, votes.size(), static_cast<size_t>(k)));
  }
  return static_cast<double>(hits) / static_cast<double>(draws.num_draws);
}

}  // namespace lockstep::rewards::evaluation
