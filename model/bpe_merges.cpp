// SPDX-License-Identifier: Apache-2.0
// Pairs are found by index and binary search rather than by hash, so that no vocabulary makes the search slow.
#include "model/bpe_merges.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "base/error.h"

namespace lockstep::model {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// The symbols that are left, as a doubly linked list over their first positions.
struct Chain {
  explicit Chain(size_t count) : previous(count), next(count) {
    for (uint32_t i = 0; i < count; ++i) {
      previous[i] = i == 0 ? kNone : i - 1;
      next[i] = i + 1 == count ? kNone : i + 1;
    }
  }
  std::vector<uint32_t> previous, next;
};

struct Candidate {
  uint64_t key;  // rank, then position of the left symbol
  const BpeMerges::Merge* merge;

  uint32_t position() const { return static_cast<uint32_t>(key); }
  // std::priority_queue gives the largest first.
  bool operator<(const Candidate& other) const { return key > other.key; }
};

}  // namespace

BpeMerges::BpeMerges(std::vector<Merge> merges) {
  const auto pair_of = [](const Merge& merge) { return std::pair(merge.left, merge.right); };
  std::stable_sort(merges.begin(), merges.end(),
                   [&](const Merge& a, const Merge& b) { return pair_of(a) < pair_of(b); });
  for (size_t i = 0; i < merges.size(); ++i) {
    const bool is_overridden = i + 1 < merges.size() && pair_of(merges[i]) == pair_of(merges[i + 1]);
    if (!is_overridden) merges_.push_back(merges[i]);
  }
  first_.assign(merges_.empty() ? 0 : merges_.back().left + size_t{2}, 0);
  for (const Merge& merge : merges_) ++first_[merge.left + size_t{1}];
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

const BpeMerges::Merge* BpeMerges::find(Symbol left, Symbol right) const {
  if (left + size_t{1} >= first_.size()) return nullptr;
  const auto begin = merges_.begin() + first_[left], end = merges_.begin() + first_[left + size_t{1}];
  const auto at = std::lower_bound(begin, end, right, [](const Merge& m, Symbol wanted) { return m.right < wanted; });
  return at != end && at->right == right ? &*at : nullptr;
}

void BpeMerges::apply(std::vector<Symbol>& symbols) const {
  LOCKSTEP_CHECK(symbols.size() < kNone, "more symbols than 32 bits can count");
  Chain chain(symbols.size());
  std::priority_queue<Candidate> queue;
  const auto consider = [&](uint32_t left, uint32_t right) {
    if (left == kNone || right == kNone) return;
    if (const Merge* merge = find(symbols[left], symbols[right])) queue.push({uint64_t{merge->rank} << 32 | left, merge});
  };
  for (uint32_t i = 0; i + 1 < symbols.size(); ++i) consider(i, i + 1);

  constexpr Symbol kGone = kNone;
  while (!queue.empty()) {
    const Merge* merge = queue.top().merge;
    const uint32_t left = queue.top().position(), right = chain.next[left];
    queue.pop();
    // Either symbol may have been merged since the candidate was queued.
    if (symbols[left] != merge->left || right == kNone || symbols[right] != merge->right) continue;
    symbols[left] = merge->product;
    symbols[right] = kGone;
    chain.next[left] = chain.next[right];
    if (chain.next[left] != kNone) chain.previous[chain.next[left]] = left;
    consider(chain.previous[left], left);
    consider(left, chain.next[left]);
  }
  std::erase(symbols, kGone);
}

}  // namespace lockstep::model
