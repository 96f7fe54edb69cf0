// SPDX-License-Identifier: Apache-2.0
// Asks for keys and values some time before they are read.
#pragma once

#include "kernels/cpu/attention_block.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// Rows lie in pages anywhere, which no processor foresees. Each call asks for a few of them, because a core that asks for
// many at once waits for the first.
template <class Element>
class Prefetcher {
 public:
  Prefetcher(const AttentionShape& shape, const ConstHeads& keys, const ConstHeads& values)
      : keys_(keys), values_(values), key_dim_(shape.key_dim), value_dim_(shape.values_in_keys ? 0 : shape.value_dim) {}

  // The next num_calls calls ask for these rows of these key heads.
  void start(const int64_t* rows, int num_rows, int64_t head_begin, int64_t head_end, int64_t num_calls) {
    row_ = rows;
    end_ = rows + num_rows;
    head_begin_ = head_begin;
    head_end_ = head_end;
    rows_per_call_ = num_rows / (num_calls > 1 ? num_calls : 1) + 1;
  }
  // Not inlined: the registers are full where it is called.
  __attribute__((noinline)) void operator()() {
    for (int64_t i = 0; i < rows_per_call_ && row_ != end_; ++i, ++row_) {
      ask(keys_, key_dim_);
      ask(values_, value_dim_);
    }
  }

 private:
  void ask(const ConstHeads& heads, int64_t dim) const {
    constexpr int64_t kLine = 64 / sizeof(Element);
    for (int64_t h = head_begin_; h < head_end_; ++h)
      for (int64_t d = 0; d < dim; d += kLine)
        __builtin_prefetch(head_of<Element>(heads, h) + *row_ * heads.row_stride + d, 0,
                           2);  // into the second-level cache
  }

  ConstHeads keys_, values_;
  int64_t key_dim_, value_dim_;
  int64_t head_begin_ = 0, head_end_ = 0, rows_per_call_ = 0;
  const int64_t *row_ = nullptr, *end_ = nullptr;
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
