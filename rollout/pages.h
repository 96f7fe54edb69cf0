// SPDX-License-Identifier: Apache-2.0
// Who owns which rows of a key-value cache: pages with owners, so that sequences can share the prefix of their prompt.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/batch.h"

namespace lockstep::rollout {

using PageId = int32_t;

// Page p is rows [p * page_size, (p + 1) * page_size). Not thread-safe: every lane has its own. A pool serves one generate
// call under one weight version, so nothing that older weights computed can be found in it.
class PagePool {
 public:
  PagePool(int64_t num_pages, int64_t page_size, uint64_t weight_version);

  std::optional<PageId> allocate();  // one owner; nothing when every page is owned
  void share(PageId page);           // one more owner
  void release(PageId page);         // one owner less; the page is free after the last

  int64_t num_pages() const { return static_cast<int64_t>(owners_.size()); }
  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int64_t page_size() const { return page_size_; }
  int64_t peak_pages() const { return peak_; }
  uint64_t weight_version() const { return weight_version_; }

 private:
  int64_t page_size_;
  uint64_t weight_version_;
  std::vector<int32_t> owners_;  // [pages]
  std::vector<PageId> free_;     // taken from the back
  int64_t peak_ = 0;
};

// Where the tokens of one sequence lie.
struct SequenceRows {
  std::vector<PageId> pages;
  std::vector<int64_t> rows;  // [positions], the cache row of each position
};

// Rows whose keys and values a sequence takes over from another one.
struct RowCopies {
  std::vector<int64_t> from, to;
};

// Pages that `sequence` lacks to hold `num_positions`.
int64_t pages_missing(const PagePool& pool, const SequenceRows& sequence, int64_t num_positions);
// Gives `sequence` rows for `num_positions` in all. False, and nothing changed, when the pool has too few pages.
bool extend(PagePool& pool, SequenceRows& sequence, int64_t num_positions);

// Pages of its own that a sequence of `num_positions` needs beside the full pages of a prefix of `prefix_positions`.
int64_t pages_beside_prefix(int64_t page_size, int64_t prefix_positions, int64_t num_positions);
// A sequence of `num_positions` that shares the full pages of `prefix` and gets a copy of its last, partly filled one: the
// rows to copy are appended to `copies`. Nothing when the pool has too few pages.
std::optional<SequenceRows> fork(PagePool& pool, const SequenceRows& prefix, int64_t num_positions, RowCopies& copies);

void release(PagePool& pool, SequenceRows& sequence);

// Copies keys and values on every layer. No row may be both source and target.
void copy_rows(model::KvCache& cache, const RowCopies& copies);

}  // namespace lockstep::rollout
