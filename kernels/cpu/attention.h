// SPDX-License-Identifier: Apache-2.0
// Causal attention of ragged queries over stored keys, forward and backward: the same bits for decode, prefill, shared
// prefixes and learner.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// What a query's result is, bit for bit (attention_ref.cpp is the same in code). All arithmetic is f32.
//
// Dot product of two rows: the row is cut into vectors of 16 elements, the last one filled up with zeros; lane i of the
// partial sums is the ascending fma chain of element i of every vector; the 16 lanes are added by halves (8, 4, 2, 1).
//
// Forward: the keys that a query sees are taken in blocks of 64, counted from the first entry of key_rows. m starts at the
// lowest finite f32, l and o at 0. Per block:
//   s_j = dot(q, k_j) * scale                   m' = max(m, max_j s_j) + 0     (a NaN is passed over, and -0 is 0)
//   c   = exp(m - m')                           p_j = exp(s_j - m')
//   l   = fma(l, c, sum_j p_j)                  (lane i adds p_i, p_{i+16}, ... to 0; the lanes are added by halves)
//   o   = o * c, then o = fma(p_j, v_j, o) for ascending j
// and out = o / l. Online softmax: Milakov and Gimelshein, arXiv:1805.02867. Keys that a query does not see take no part,
// whatever they hold; a NaN in those that it sees makes its own results NaN and no other.
//
// Backward (FlashAttention-2, arXiv:2307.08691): D = dot(d_out, out), r = 1 / l; for every key that the query sees
//   p_j  = exp(s_j - m) * r                     ds_j = (p_j * (dot(d_out, v_j) - D)) * scale
//   dq   = fma(ds_j, k_j, dq) for ascending j, from 0
//   dk_j = fma(ds_j, q, dk_j)                   dv_j = fma(p_j, d_out, dv_j)
// A key's gradient is one chain over the queries that see it: span by span, query by query, head by head. Values that lie
// in the keys share the keys' chain: of each query and head first ds_j q, then p_j d_out.

// Keys of a block. Sequences that share a prefix share their work on its whole blocks.
inline constexpr int kAttentionBlock = 64;

struct AttentionShape {
  int64_t num_heads = 0;        // H, a multiple of num_key_heads
  int64_t num_key_heads = 0;    // Hkv: key head g serves the heads g * H / Hkv and following
  int64_t key_dim = 0;          // dk
  int64_t value_dim = 0;        // dv
  bool values_in_keys = false;  // the values are the first dv <= dk elements of the keys (the latent of DeepSeek's MLA)
  float scale = 1;
  Dtype dtype = Dtype::f32;  // of q, keys, values, out and their gradients, except where said
};

// Element d of head h of row n is data[n * row_stride + h * head_stride + d]; strides count elements.
struct ConstHeads {
  const void* data = nullptr;
  int64_t row_stride = 0, head_stride = 0;
};
struct Heads {
  void* data = nullptr;
  int64_t row_stride = 0, head_stride = 0;
};

// The queries of one sequence and the rows of the store that they may see, oldest first and each row once. Query i sees
// key_rows[0 .. num_keys - num_queries + i].
struct AttentionSpan {
  int64_t query_begin = 0;
  int64_t num_queries = 0;
  const int64_t* key_rows = nullptr;
  int64_t num_keys = 0;
};

// The work on a batch, made once and used by every layer.
struct AttentionPlan {
  // Some queries of a panel and keys that they go through one after the other, from a block's first key on. The first
  // query sees `num_visible` of these keys and each following query one more, up to all of them.
  struct Segment {
    int64_t query_begin = 0, num_queries = 0;
    int64_t key_begin = 0, num_keys = 0;  // in key_rows
    int64_t num_visible = 0;
  };
  // Neighbouring queries whose running states are kept at the same time: they read a prefix that they share once.
  struct Panel {
    int64_t query_begin = 0, num_queries = 0;
    int64_t segment_begin = 0, segment_end = 0;  // in segments; every query meets its keys in order
  };
  std::vector<int64_t> key_rows;  // of all spans
  std::vector<Segment> segments;
  std::vector<Panel> panels;
  int64_t num_queries = 0;
};

// Spans must cover the queries 0..N-1 exactly once, in order. `group` = H / Hkv: how many rows a query is for one key head.
// Throws Error for a span without queries or with fewer keys than queries.
AttentionPlan plan_attention(std::span<const AttentionSpan> spans, int64_t group);

// A share of the work, for one thread. However the work is shared, the bits are the same.
struct AttentionPart {
  int64_t panel_begin = 0, panel_end = 0;
  int64_t key_head_begin = 0, key_head_end = 0;
};

struct AttentionForward {
  AttentionShape shape;
  ConstHeads q;             // [N, H, dk]
  ConstHeads keys, values;  // [M, Hkv, dk], [M, Hkv, dv]; `values` is not read if the values lie in the keys
  Heads out;                // [N, H, dv]
  float* max = nullptr;     // [N, H] m and l for the backward pass; nullptr: not kept
  float* sum = nullptr;
};

// Shares that differ in panels or in key heads may run at the same time.
void attention(const AttentionForward& io, const AttentionPlan& plan, const AttentionPart& part, Isa on = isa());

struct AttentionBackward {
  AttentionShape shape;
  ConstHeads q, keys, values, out, d_out;
  const float* max = nullptr;  // [N, H], as the forward pass left them
  const float* sum = nullptr;
  Heads dq;                // [N, H, dk], overwritten
  Heads d_keys, d_values;  // [M, Hkv, dk], [M, Hkv, dv], f32 whatever the dtype, added to; `d_values` as `values`
};

// Shares that differ in key heads may run at the same time; panels must follow one another in order.
void attention_backward(const AttentionBackward& io,
                        const AttentionPlan& plan,
                        const AttentionPart& part,
                        Isa on = isa());

}  // namespace lockstep::kernels::cpu
