// SPDX-License-Identifier: Apache-2.0
// Storage for packed operands: 32-bit words on a cache line's boundary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace lockstep::kernels::cpu {

class AlignedWords {
 public:
  // At least `count` words. Memory that is there stays, with what it holds, unless it is too small. `is_streamed`: many words
  // that live long go to huge pages.
  uint32_t* at_least(size_t count, bool is_streamed = false);
  const uint32_t* data() const { return words_.get(); }
  uint32_t* data() { return words_.get(); }

  AlignedWords() = default;
  AlignedWords(AlignedWords&&) noexcept = default;
  AlignedWords& operator=(AlignedWords&&) noexcept = default;

 private:
  std::shared_ptr<uint32_t> words_;
  size_t capacity_ = 0;
};

}  // namespace lockstep::kernels::cpu
