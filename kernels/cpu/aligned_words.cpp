// SPDX-License-Identifier: Apache-2.0
// Storage for packed operands: allocation.
#include "kernels/cpu/aligned_words.h"

#include <new>

namespace lockstep::kernels::cpu {

uint32_t* AlignedWords::at_least(size_t count) {
  constexpr size_t kLine = 64;
  if (count <= capacity_) return words_.get();
  const size_t bytes = (count * sizeof(uint32_t) + kLine - 1) / kLine * kLine;
  words_.reset();
  capacity_ = 0;
  words_.reset(static_cast<uint32_t*>(std::aligned_alloc(kLine, bytes)));
  if (!words_) throw std::bad_alloc();
  capacity_ = bytes / sizeof(uint32_t);
  return words_.get();
}

}  // namespace lockstep::kernels::cpu
