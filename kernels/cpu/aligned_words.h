// SPDX-License-Identifier: Apache-2.0
// Storage for packed operands: 32-bit words on a cache line's boundary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace lockstep::kernels::cpu {

class AlignedWords {
 public:
  // At least `count` words. Memory that is there stays, with what it holds, unless it is too small.
  uint32_t* at_least(size_t count);
  const uint32_t* data() const { return words_.get(); }
  uint32_t* data() { return words_.get(); }

 private:
  struct Free {
    void operator()(uint32_t* p) const { std::free(p); }
  };
  std::unique_ptr<uint32_t[], Free> words_;
  size_t capacity_ = 0;
};

}  // namespace lockstep::kernels::cpu
