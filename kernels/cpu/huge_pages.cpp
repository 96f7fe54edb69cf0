// SPDX-License-Identifier: Apache-2.0
// Blocks of many megabytes, filled from the front.
#include "kernels/cpu/huge_pages.h"

#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>

namespace lockstep::kernels::cpu {
namespace {

constexpr size_t kLine = 64, kHugePage = size_t{2} << 20, kBlock = size_t{32} << 20;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

std::shared_ptr<std::byte> new_block(size_t bytes) {
  bytes = round_up(bytes, kHugePage);
  auto* const data = static_cast<std::byte*>(std::aligned_alloc(kHugePage, bytes));
  if (!data) throw std::bad_alloc();
  madvise(data, bytes, MADV_HUGEPAGE);  // refused where the kernel has none: then the pages are small ones
  return {data, [](std::byte* p) { std::free(p); }};
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
