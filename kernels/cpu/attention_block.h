// SPDX-License-Identifier: Apache-2.0
// What the passes of attention do alike: walk over the blocks of a panel, find and gather a block's keys.
#pragma once

#include "kernels/cpu/attention_dots.h"
#include "kernels/cpu/attention_isa.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// A block of keys and the rows of the panel that see at least its first one: always the last rows of a segment.
struct KeyBlock {
  const int64_t* key_rows;
  int num_keys;
  int row_begin, row_end;
  const int64_t* next_rows;  // of the panel's next block; the last one has none
  int num_next;
};

void attention_backward(const AttentionCall& call, const AttentionBackward& io);

// The smaller of n and a limit.
inline int at_most(int64_t limit, int64_t n) { return static_cast<int>(n < limit ? n : limit); }

// Calls action(block) for the blocks of a panel in order, with call.counts of the block's rows filled in.
template <class Action>
inline void for_each_block(const AttentionCall& call, const AttentionPlan::Panel& panel, const Action& action) {
  const int64_t group = call.shape.num_heads / call.shape.num_key_heads;
  for (int64_t i = panel.segment_begin; i < panel.segment_end; ++i) {
    const AttentionPlan::Segment& segment = call.segments[i];
    const int64_t row_begin = (segment.query_begin - panel.query_begin) * group;
    for (int64_t k = 0; k < segment.num_keys; k += kAttentionBlock) {
      const int64_t first = k < segment.num_visible ? 0 : k - segment.num_visible + 1;
      KeyBlock block = {call.key_rows + segment.key_begin + k,
                        at_most(kAttentionBlock, segment.num_keys - k),
                        static_cast<int>(row_begin + first * group),
                        static_cast<int>(row_begin + segment.num_queries * group),
                        nullptr,
                        0};
      if (k + kAttentionBlock < segment.num_keys) {
        block.next_rows = block.key_rows + kAttentionBlock;
        block.num_next = at_most(kAttentionBlock, segment.num_keys - k - kAttentionBlock);
      } else if (i + 1 < panel.segment_end) {
        block.next_rows = call.key_rows + call.segments[i + 1].key_begin;
        block.num_next = at_most(kAttentionBlock, call.segments[i + 1].num_keys);
      }
      int* count = call.counts + block.row_begin;
      for (int64_t query = first; query < segment.num_queries; ++query)
        for (int64_t h = 0; h < group; ++h) *count++ = at_most(block.num_keys, segment.num_visible + query - k);
      action(block);
    }
  }
}

// Head `head` of row 0.
template <class Element>
inline const Element* head_of(const ConstHeads& from, int64_t head) {
  return static_cast<const Element*>(from.data) + head * from.head_stride;
}
template <class Element>
inline Element* head_of(const Heads& to, int64_t head) {
  return static_cast<Element*>(to.data) + head * to.head_stride;
}

// Where the keys of a block lie, with the last one repeated up to a multiple of 16.
template <class Element>
inline void find_keys(const Element* head, int64_t row_stride, const KeyBlock& block, const Element** keys) {
  int k = 0;
  for (; k < block.num_keys; ++k) keys[k] = head + block.key_rows[k] * row_stride;
  for (; k % kVector != 0; ++k) keys[k] = keys[k - 1];
}

// The same after the keys have been copied to `to` as f32, filled up to whole vectors.
template <class Element>
inline void gather_keys(const Element* head,
                        int64_t row_stride,
                        const KeyBlock& block,
                        int64_t dim,
                        float* to,
                        int64_t stride,
                        const float** keys) {
  int k = 0;
  for (; k < block.num_keys; ++k) {
    keys[k] = to + k * stride;
    load_row(head + block.key_rows[k] * row_stride, dim, to + k * stride);
  }
  for (; k % kVector != 0; ++k) keys[k] = keys[k - 1];
}

// The rows of a panel, queries outside and heads of one key head inside, as f32 filled up to whole vectors.
template <class Element>
inline void load_rows(const AttentionCall& call,
                      const ConstHeads& from,
                      const AttentionPlan::Panel& panel,
                      int64_t key_head,
                      int64_t dim,
                      float* to,
                      int64_t stride) {
  const int64_t group = call.shape.num_heads / call.shape.num_key_heads;
  for (int64_t n = panel.query_begin; n < panel.query_begin + panel.num_queries; ++n)
    for (int64_t h = key_head * group; h < (key_head + 1) * group; ++h, to += stride)
      load_row(head_of<Element>(from, h) + n * from.row_stride, dim, to);
}

inline void store_lanes(Lanes a, float* to, int n) { a.store_first(to, n); }
inline void store_lanes(Lanes a, uint16_t* to, int n) { a.store_first_bf16(to, n); }

// Stores the rows of call.out, each divided by its divisor if there are any.
template <class Element>
inline void store_rows(const AttentionCall& call,
                       const Heads& to,
                       const AttentionPlan::Panel& panel,
                       int64_t key_head,
                       int64_t dim,
                       const float* divisors) {
  const int64_t group = call.shape.num_heads / call.shape.num_key_heads;
  int64_t row = 0;
  for (int64_t n = panel.query_begin; n < panel.query_begin + panel.num_queries; ++n)
    for (int64_t h = key_head * group; h < (key_head + 1) * group; ++h, ++row)
      for (int64_t d = 0; d < dim; d += kVector) {
        Lanes a = Lanes::load(call.out_rows[row] + d);
        if (divisors) a = a / Lanes::broadcast(divisors[row]);
        store_lanes(a, head_of<Element>(to, h) + n * to.row_stride + d, at_most(kVector, dim - d));
      }
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
