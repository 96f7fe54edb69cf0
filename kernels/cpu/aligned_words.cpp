// SPDX-License-Identifier: Apache-2.0
// Storage for packed operands: allocation.
#include "kernels/cpu/aligned_words.h"

#include <cstdlib>
#include <new>

#include "kernels/cpu/huge_pages.h"

namespace lockstep::kernels::cpu {

uint32_t* AlignedWords::at_least(size_t count, bool is_streamed) {
  constexpr size_t kLine = 64, kManyBytes = size_t{256} << 10;
  if (count <= capacity_) return words_.get();
  const size_t bytes = (count * sizeof(uint32_t) + kLine - 1) / kLine * kLine;
  words_.reset();
  capacity_ = 0;
  if (is_streamed && bytes >= kManyBytes) {
    words_ = std::static_pointer_cast<uint32_t>(allocate_huge(bytes));
  } else {
    auto* const words = static_cast<uint32_t*>(std::aligned_alloc(kLine, bytes));
    if (!words) throw std::bad_alloc();
    words_ = {words, [](uint32_t* p) { std::free(p); }};
  }
  capacity_ = bytes / sizeof(uint32_t);
  return words_.get();
}

}  // namespace lockstep::kernels::cpu
