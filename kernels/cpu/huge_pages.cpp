// SPDX-License-Identifier: Apache-2.0
// Blocks of many megabytes, filled from the front.
#include "kernels/cpu/huge_pages.h"

#include <sys/mman.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace lockstep::kernels::cpu {
namespace {

constexpr size_t kLine = 64, kHugePage = size_t{2} << 20, kBlock = size_t{32} << 20;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Blocks that were given back, kept for the next rollout's weights: fresh pages are cleared by the kernel, and on a virtual
// machine by its host as well, which takes longer than packing the weights does.
class Spares {
 public:
  std::byte* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(bytes);
    if (found == blocks_.end()) return nullptr;
    std::byte* const data = found->second;
    blocks_.erase(found);
    kept_ -= bytes;
    return data;
  }
  void give(std::byte* data, size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (kept_ + bytes > kMostKept) {
      std::free(data);
      return;
    }
    blocks_.emplace(bytes, data);
    kept_ += bytes;
  }

 private:
  static constexpr size_t kMostKept = size_t{1} << 30;
  std::mutex mutex_;
  std::multimap<size_t, std::byte*> blocks_;  // by size
  size_t kept_ = 0;
};

Spares& spares() {
  static Spares* const blocks = new Spares;  // never destroyed: what is static elsewhere may give back later
  return *blocks;
}

std::shared_ptr<std::byte> new_block(size_t bytes) {
  bytes = round_up(bytes, kHugePage);
  std::byte* data = spares().take(bytes);
  if (!data) {
    data = static_cast<std::byte*>(std::aligned_alloc(kHugePage, bytes));
    if (!data) throw std::bad_alloc();
    madvise(data, bytes, MADV_HUGEPAGE);  // refused where the kernel has none: then the pages are small ones
  }
  return {data, [bytes](std::byte* p) { spares().give(p, bytes); }};
}

// The block that is being filled; it lives on only through what was allocated from it.
struct Current {
  std::mutex mutex;
  std::weak_ptr<std::byte> block;
  size_t used = 0;
};

Current& current() {
  static Current block;
  return block;
}

}  // namespace

std::shared_ptr<void> allocate_huge(size_t bytes) {
  bytes = round_up(bytes, kLine);
  if (bytes > kBlock / 2) return new_block(bytes);
  Current& filling = current();
  const std::lock_guard lock(filling.mutex);
  auto block = filling.block.lock();
  if (!block || filling.used + bytes > kBlock) {
    block = new_block(kBlock);
    filling.block = block;
    filling.used = 0;
  }
  std::byte* const data = block.get() + filling.used;
  filling.used += bytes;
  return {std::move(block), data};
}

}  // namespace lockstep::kernels::cpu
