// SPDX-License-Identifier: Apache-2.0
// Page ownership and the row copies that a shared, partly filled page needs.
#include "rollout/pages.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kernels/index_tensor.h"

namespace lockstep::rollout {
namespace {

int64_t pages_for(int64_t page_size, int64_t positions) { return (positions + page_size - 1) / page_size; }

void add_rows(const PagePool& pool, SequenceRows& sequence, int64_t num_positions) {
  const int64_t size = pool.page_size();
  for (auto i = static_cast<int64_t>(sequence.rows.size()); i < num_positions; ++i)
    sequence.rows.push_back(sequence.pages[static_cast<size_t>(i / size)] * size + i % size);
}

}  // namespace

PagePool::PagePool(int64_t num_pages, int64_t page_size, uint64_t weight_version)
    : page_size_(page_size), weight_version_(weight_version), owners_(static_cast<size_t>(num_pages), 0) {
  LOCKSTEP_CHECK(page_size >= 1, "a page holds at least one row");
  free_.reserve(owners_.size());
  for (auto page = static_cast<PageId>(num_pages) - 1; page >= 0; --page) free_.push_back(page);
}

std::optional<PageId> PagePool::allocate() {
  if (free_.empty()) return std::nullopt;
  const PageId page = free_.back();
  free_.pop_back();
  owners_[static_cast<size_t>(page)] = 1;
  peak_ = std::max(peak_, num_pages() - num_free());
  return page;
}

void PagePool::share(PageId page) {
  LOCKSTEP_CHECK(owners_[static_cast<size_t>(page)] > 0, cat("page ", page, " has no owner to share it with"));
  ++owners_[static_cast<size_t>(page)];
}

void PagePool::release(PageId page) {
  LOCKSTEP_CHECK(owners_[static_cast<size_t>(page)] > 0, cat("page ", page, " is free already"));
  if (--owners_[static_cast<size_t>(page)] == 0) free_.push_back(page);
}

int64_t pages_missing(const PagePool& pool, const SequenceRows& sequence, int64_t num_positions) {
  return std::max<int64_t>(0, pages_for(pool.page_size(), num_positions) - static_cast<int64_t>(sequence.pages.size()));
}

bool extend(PagePool& pool, SequenceRows& sequence, int64_t num_positions) {
  const int64_t missing = pages_missing(pool, sequence, num_positions);
  if (missing > pool.num_free()) return false;
  for (int64_t i = 0; i < missing; ++i) sequence.pages.push_back(*pool.allocate());
  add_rows(pool, sequence, num_positions);
  return true;
}

int64_t pages_beside_prefix(int64_t page_size, int64_t prefix_positions, int64_t num_positions) {
  return pages_for(page_size, num_positions) - prefix_positions / page_size;
}

std::optional<SequenceRows> fork(PagePool& pool, const SequenceRows& prefix, int64_t num_positions, RowCopies& copies) {
  const auto prefix_positions = static_cast<int64_t>(prefix.rows.size());
  const int64_t full = prefix_positions / pool.page_size();
  if (pages_beside_prefix(pool.page_size(), prefix_positions, num_positions) > pool.num_free()) return std::nullopt;
  SequenceRows out;
  out.pages.assign(prefix.pages.begin(), prefix.pages.begin() + full);
  out.rows.assign(prefix.rows.begin(), prefix.rows.begin() + full * pool.page_size());
  for (const PageId page : out.pages) pool.share(page);
  extend(pool, out, num_positions);
  for (auto i = static_cast<size_t>(full * pool.page_size()); i < prefix.rows.size(); ++i) {
    copies.from.push_back(prefix.rows[i]);
    copies.to.push_back(out.rows[i]);
  }
  return out;
}

void release(PagePool& pool, SequenceRows& sequence) {
  for (const PageId page : sequence.pages) pool.release(page);
  sequence.pages.clear();
  sequence.rows.clear();
}

void copy_rows(model::KvCache& cache, const RowCopies& copies) {
  if (copies.from.empty()) return;
  const at::Device device = cache.keys.front().device();
  const auto from = kernels::index_tensor(copies.from, device), to = kernels::index_tensor(copies.to, device);
  for (auto* stores : {&cache.keys, &cache.values})
    for (Tensor& store : *stores)
      if (store.defined()) store.index_copy_(0, to, store.index_select(0, from));
}

}  // namespace lockstep::rollout
