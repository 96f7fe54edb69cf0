// SPDX-License-Identifier: Apache-2.0
// The choice of the instruction set for attention, and the memory that its kernels work in.
#include "kernels/cpu/attention.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/cpu/aligned_words.h"
#include "kernels/cpu/attention_isa.h"
#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const AttentionKernels attention_kernels;
}
namespace avx2 {
extern const AttentionKernels attention_kernels;
}
namespace avx512f {
extern const AttentionKernels attention_kernels;
}
namespace avx512bf16 {
extern const AttentionKernels attention_kernels;
}

namespace {

constexpr size_t kLine = 64;  // bytes of a cache line

// Hands out pieces of one buffer; with no buffer it only counts.
class Arena {
 public:
  explicit Arena(void* begin) : begin_(static_cast<std::byte*>(begin)) {}

  template <class T>
  T* take(int64_t count) {
    std::byte* at = begin_ ? begin_ + used_ : nullptr;
    used_ += (static_cast<size_t>(count) * sizeof(T) + kLine - 1) / kLine * kLine;
    return reinterpret_cast<T*>(at);
  }
  size_t used() const { return used_; }

 private:
  std::byte* begin_;
  size_t used_ = 0;
};

// Rows an odd number of cache lines apart spread over all sets of the first-level cache.
int64_t stride_of(int64_t dim) { return (((dim + 15) / 16) | 1) * 16; }

// The forward pass keeps one kind of weight per row and key, the backward pass two and more of everything.
void lay_out(AttentionCall& call, bool is_backward, Arena& arena) {
  const int64_t rows = call.num_rows;
  call.q = arena.take<float>(rows * call.key_stride);
  call.out = arena.take<float>(rows * (is_backward ? call.key_stride : call.value_stride));
  call.d_out = arena.take<float>(is_backward ? rows * call.value_stride : 0);
  call.max = arena.take<float>(rows);
  call.sum = arena.take<float>(rows);
  call.correction = arena.take<float>(rows);
  call.scores = arena.take<float>(rows * kAttentionBlock * (is_backward ? 2 : 1));
  call.keys = arena.take<float>(kAttentionBlock * call.key_stride);
  call.values = arena.take<float>(kAttentionBlock * call.value_stride);
  call.counts = arena.take<int>(rows);
  call.out_rows = arena.take<float*>(rows);
  call.rows = arena.take<const float*>(is_backward ? rows * 4 : 0);
}

AttentionCall make_call(const AttentionShape& shape,
                        const AttentionPlan& plan,
                        const AttentionPart& part,
                        bool is_backward) {
  LOCKSTEP_CHECK(shape.num_heads % shape.num_key_heads == 0, "heads must be a multiple of key heads");
  LOCKSTEP_CHECK(!shape.values_in_keys || shape.value_dim <= shape.key_dim,
                 "values in the keys cannot be longer than these");
  int64_t max_queries = 0;
  for (int64_t p = part.panel_begin; p < part.panel_end; ++p)
    max_queries = std::max(max_queries, plan.panels[p].num_queries);
  AttentionCall call{.shape = shape,
                     .part = part,
                     .panels = plan.panels.data(),
                     .segments = plan.segments.data(),
                     .key_rows = plan.key_rows.data(),
                     .num_rows = std::max(kRowsAtOnce, max_queries * (shape.num_heads / shape.num_key_heads)),
                     .key_stride = stride_of(shape.key_dim),
                     .value_stride = stride_of(shape.value_dim)};
  Arena counted(nullptr);
  lay_out(call, is_backward, counted);
  static thread_local AlignedWords memory;
  Arena arena(memory.at_least(counted.used() / sizeof(uint32_t)));
  lay_out(call, is_backward, arena);
  return call;
}

const AttentionKernels& kernels(Isa on) {
  return table_of(on, scalar::attention_kernels, avx2::attention_kernels, avx512f::attention_kernels,
                  avx512bf16::attention_kernels);
}

}  // namespace

void attention(const AttentionForward& io, const AttentionPlan& plan, const AttentionPart& part, Isa on) {
  const FloatMode mode;
  kernels(on).forward(make_call(io.shape, plan, part, false), io);
}

void attention_backward(const AttentionBackward& io, const AttentionPlan& plan, const AttentionPart& part, Isa on) {
  const FloatMode mode;
  kernels(on).backward(make_call(io.shape, plan, part, true), io);
}

}  // namespace lockstep::kernels::cpu
