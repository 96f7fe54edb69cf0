// SPDX-License-Identifier: Apache-2.0
// Causal attention of ragged queries over stored keys: one operation for decode, prefill, shared prefixes and learner.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/tensor.h"

namespace lockstep::kernels {

// The queries of one sequence in a batch and the rows of the key store that they may see, oldest first.
// Query i sees key_rows[0 .. key_rows.size() - num_queries + i]: the last `num_queries` keys are its own sequence's new ones.
struct AttentionSpan {
  int64_t query_begin = 0;  // row of the first query in the batch
  int64_t num_queries = 0;
  std::vector<int64_t> key_rows;
};

namespace cpu {
struct AttentionPlan;
}

// Spans padded into rectangles, for torch operations. Spans of similar size share a rectangle, so that one long sequence
// does not pad all others.
struct PaddedSpans {
  struct Rectangle {
    int64_t num_spans = 0, num_queries = 0, num_keys = 0;  // B, Tq, Tk after padding
    Tensor query_rows;  // [B * Tq] i64 rows of the batch; padding repeats a row of its span
    Tensor key_rows;    // [B * Tk] i64 rows of the store; padding repeats a row of its span
    Tensor mask;        // [B, Tq, 1, Tk] f32, 0 or -inf; a padded query sees its span's first key, so no row is all -inf
  };
  std::vector<Rectangle> rectangles;
  Tensor unpad;           // [N] i64: where query n lies in the rectangles' concatenated [B * Tq] rows
};

// The spans of a batch, in the form that each backend works on: made at its first use and then used by every layer. Copies
// share their forms. Thread-safe.
class AttentionPlan {
 public:
  AttentionPlan() = default;
  AttentionPlan(std::vector<AttentionSpan> spans, const at::Device& device);

  int64_t num_queries() const { return num_queries_; }
  const PaddedSpans& padded() const;
  // For a group of `group` query heads per key head.
  const cpu::AttentionPlan& ragged(int64_t group) const;

 private:
  struct Forms;
  std::shared_ptr<Forms> forms_;
  int64_t num_queries_ = 0;
};

// Spans must cover the batch's rows 0..N-1 exactly once, in order. A span without keys or with fewer keys than queries
// throws Error. Index tensors are put on `device`.
AttentionPlan make_attention_plan(std::vector<AttentionSpan> spans, const at::Device& device);

// softmax(q k^T * scale + mask) v per span, softmax in f32.
//   q [N, H, dk], keys [M, Hkv, dk], values [M, Hkv, dv], H a multiple of Hkv -> [N, H, dv] in q's dtype.
// `values` undefined: the values are the first `value_dim` elements of the keys (MLA's latent).
// The backward pass computes the scores again. Differentiable in q, keys, values.
Tensor attention(const Tensor& q,
                 const Tensor& keys,
                 const Tensor& values,
                 int64_t value_dim,
                 const AttentionPlan& plan,
                 double scale);

}  // namespace lockstep::kernels
