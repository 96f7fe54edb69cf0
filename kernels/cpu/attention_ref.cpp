// SPDX-License-Identifier: Apache-2.0
// Attention in plain loops. One query and head at a time.
#include "kernels/cpu/attention_ref.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {
namespace {

using Row = std::vector<float>;

int64_t index_of(int64_t row, int64_t head, int64_t row_stride, int64_t head_stride) {
  return row * row_stride + head * head_stride;
}

Row load(const ConstHeads& from, int64_t row, int64_t head, int64_t dim, Dtype dtype) {
  Row out(static_cast<size_t>(dim));
  const int64_t begin = index_of(row, head, from.row_stride, from.head_stride);
  for (int64_t d = 0; d < dim; ++d)
    out[d] = dtype == Dtype::f32 ? static_cast<const float*>(from.data)[begin + d]
                                 : from_bf16_ref(static_cast<const uint16_t*>(from.data)[begin + d]);
  return out;
}

void store(const Row& values, const Heads& to, int64_t row, int64_t head, Dtype dtype) {
  const int64_t begin = index_of(row, head, to.row_stride, to.head_stride);
  for (size_t d = 0; d < values.size(); ++d)
    if (dtype == Dtype::f32)
      static_cast<float*>(to.data)[begin + d] = values[d];
    else
      static_cast<uint16_t*>(to.data)[begin + d] = to_bf16_ref(values[d]);
}

float dot(const Row& a, const Row& b) {
  LaneSumRef sum;
  const size_t filled_up = (a.size() + 15) / 16 * 16;
  for (size_t d = 0; d < filled_up; ++d)
    sum.partial(d) = std::fma(d < a.size() ? a[d] : 0.0f, d < a.size() ? b[d] : 0.0f, sum.partial(d));
  return sum.total();
}

void add_multiple(float weight, const Row& x, float* to) {
  for (size_t d = 0; d < x.size(); ++d) to[d] = std::fma(weight, x[d], to[d]);
}

// The running state of one query and head.
struct OnlineSoftmax {
  float max = std::numeric_limits<float>::lowest();
  float sum = 0;
  Row out;

  void add_block(const std::vector<float>& scores, const std::vector<Row>& values) {
    float new_max = max;
    for (float s : scores) new_max = s > new_max ? s : new_max;
    new_max = new_max + 0.0f;
    const float correction = exp_ref(max - new_max);
    max = new_max;
    LaneSumRef block_sum;
    for (float& o : out) o = o * correction;
    for (size_t j = 0; j < scores.size(); ++j) {
      const float p = exp_ref(scores[j] - max);
      block_sum.partial(j) = block_sum.partial(j) + p;
      add_multiple(p, values[j], out.data());
    }
    sum = std::fma(sum, correction, block_sum.total());
  }
};

// Calls action(query, head, key head, visible key rows) in the order of the batch.
template <class Action>
void for_each_row(const AttentionShape& shape, std::span<const AttentionSpan> spans, Action&& action) {
  for (const AttentionSpan& span : spans)
    for (int64_t i = 0; i < span.num_queries; ++i)
      for (int64_t h = 0; h < shape.num_heads; ++h)
        action(span.query_begin + i, h, h * shape.num_key_heads / shape.num_heads,
               std::span(span.key_rows, static_cast<size_t>(span.num_keys - span.num_queries + i + 1)));
}

float* accumulator(const Heads& to, int64_t row, int64_t head) {
  return static_cast<float*>(to.data) + index_of(row, head, to.row_stride, to.head_stride);
}

}  // namespace

void attention_ref(const AttentionForward& io, std::span<const AttentionSpan> spans) {
  const FloatMode mode;
  const AttentionShape& shape = io.shape;
  const ConstHeads& stored_values = shape.values_in_keys ? io.keys : io.values;
  for_each_row(shape, spans, [&](int64_t n, int64_t h, int64_t key_head, std::span<const int64_t> key_rows) {
    const Row q = load(io.q, n, h, shape.key_dim, shape.dtype);
    OnlineSoftmax state;
    state.out.resize(static_cast<size_t>(shape.value_dim));
    for (size_t begin = 0; begin < key_rows.size(); begin += kAttentionBlock) {
      std::vector<float> scores;
      std::vector<Row> values;
      for (int64_t row : key_rows.subspan(begin, std::min<size_t>(kAttentionBlock, key_rows.size() - begin))) {
        scores.push_back(dot(q, load(io.keys, row, key_head, shape.key_dim, shape.dtype)) * shape.scale);
        values.push_back(load(stored_values, row, key_head, shape.value_dim, shape.dtype));
      }
      state.add_block(scores, values);
    }
    for (float& o : state.out) o = o / state.sum;
    store(state.out, io.out, n, h, shape.dtype);
    if (io.max) io.max[n * shape.num_heads + h] = state.max;
    if (io.sum) io.sum[n * shape.num_heads + h] = state.sum;
  });
}

void attention_backward_ref(const AttentionBackward& io, std::span<const AttentionSpan> spans) {
  const FloatMode mode;
  const AttentionShape& shape = io.shape;
  const ConstHeads& stored_values = shape.values_in_keys ? io.keys : io.values;
  const Heads& d_values = shape.values_in_keys ? io.d_keys : io.d_values;
  for_each_row(shape, spans, [&](int64_t n, int64_t h, int64_t key_head, std::span<const int64_t> key_rows) {
    const Row q = load(io.q, n, h, shape.key_dim, shape.dtype);
    const Row d_out = load(io.d_out, n, h, shape.value_dim, shape.dtype);
    const float d = dot(d_out, load(io.out, n, h, shape.value_dim, shape.dtype));
    const float max = io.max[n * shape.num_heads + h], inverse = 1.0f / io.sum[n * shape.num_heads + h];
    Row dq(static_cast<size_t>(shape.key_dim));
    for (int64_t row : key_rows) {
      const Row k = load(io.keys, row, key_head, shape.key_dim, shape.dtype);
      const Row v = load(stored_values, row, key_head, shape.value_dim, shape.dtype);
      const float p = exp_ref(dot(q, k) * shape.scale - max) * inverse;
      const float ds = (p * (dot(d_out, v) - d)) * shape.scale;
      add_multiple(ds, k, dq.data());
      add_multiple(ds, q, accumulator(io.d_keys, row, key_head));
      add_multiple(p, d_out, accumulator(d_values, row, key_head));
    }
    store(dq, io.dq, n, h, shape.dtype);
  });
}

}  // namespace lockstep::kernels::cpu
