// SPDX-License-Identifier: Apache-2.0
// The backward pass: scores and probabilities are computed again block by block, and each key's gradient takes the rows
// of the batch in order.
#include "kernels/cpu/attention_block.h"
#include "kernels/cpu/attention_isa.h"
#include "kernels/cpu/attention_sums.h"
#include "kernels/cpu/lane_math.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

// Rows that go through a block together: their inputs and weights are read several times while they lie in a near cache.
constexpr int kStripRows = 64;
constexpr int kTwoWeights = 2 * kAttentionBlock;  // of a row: ds of the block's keys, then p

struct Strip {
  int begin, num_rows;
  int num_keys;  // that the last row sees
};

// A gathered block and where the gradients of its keys and values are added up.
struct GatheredBlock {
  const float* keys[kAttentionBlock];
  const float* values[kAttentionBlock];
  float* d_keys[kAttentionBlock];
  float* d_values[kAttentionBlock];
};

// ds and p of a strip from s and dot(d_out, v), in their place.
void turn_into_weights(const AttentionCall& call, const Strip& strip) {
  const Lanes scale = Lanes::broadcast(call.shape.scale);
  for (int r = strip.begin; r < strip.begin + strip.num_rows; ++r) {
    float *ds = call.scores + r * kTwoWeights, *p = ds + kAttentionBlock;
    const Lanes m = Lanes::broadcast(call.max[r]), inverse = Lanes::broadcast(call.sum[r]);
    const Lanes d = Lanes::broadcast(call.correction[r]);
    for (int j = 0; j < call.counts[r]; j += kVector) {
      const Lanes probability = exp(Lanes::load(ds + j) - m) * inverse;
      ((probability * (Lanes::load(p + j) - d)) * scale).store(ds + j);
      probability.store(p + j);
    }
  }
}

// Adds a strip's share to the gradients of its block's keys and values.
void add_to_keys(const AttentionCall& call, const Strip& strip, const GatheredBlock& block) {
  int first[kAttentionBlock], rows[kAttentionBlock], first_twice[kAttentionBlock], rows_twice[kAttentionBlock];
  for (int j = 0, r = 0; j < strip.num_keys; ++j) {
    while (call.counts[strip.begin + r] <= j) ++r;
    first[j] = r;
    rows[j] = strip.num_rows;
    first_twice[j] = 2 * r;
    rows_twice[j] = 2 * strip.num_rows;
  }
  const int64_t key_dim = call.shape.key_dim, value_dim = call.shape.value_dim;
  const float* weights = call.scores + strip.begin * kTwoWeights;
  const float* const* q_rows = call.rows + 2 * call.num_rows + strip.begin;
  const float* const* d_out_rows = q_rows + call.num_rows;
  const WeightedSum<float> keys = {block.d_keys, q_rows, weights, 1, kTwoWeights, first, rows, nullptr};
  if (call.shape.values_in_keys) {
    // ds q and p d_out in turns, as one sum over twice the rows.
    const WeightedSum<float> both = {
        block.d_keys, call.rows + 2 * strip.begin, weights, 1, kAttentionBlock, first_twice, rows_twice, nullptr};
    sum_block(both, strip.num_keys, 0, value_dim);
    sum_block(keys, strip.num_keys, value_dim, key_dim);
  } else {
    const WeightedSum<float> values = {block.d_values, d_out_rows, weights + kAttentionBlock, 1, kTwoWeights, first,
                                       rows,           nullptr};
    sum_block(keys, strip.num_keys, 0, key_dim);
    sum_block(values, strip.num_keys, 0, value_dim);
  }
}

void add_strip(const AttentionCall& call, const Strip& strip, const GatheredBlock& block) {
  const int* counts = call.counts + strip.begin;
  float* weights = call.scores + strip.begin * kTwoWeights;
  score_block(call.q + strip.begin * call.key_stride, call.key_stride, block.keys, counts, strip.num_rows,
              call.shape.key_dim, call.shape.scale, weights, kTwoWeights, [] {});
  score_block(call.d_out + strip.begin * call.value_stride, call.value_stride, block.values, counts, strip.num_rows,
              call.shape.value_dim, 1.0f, weights + kAttentionBlock, kTwoWeights, [] {});
  turn_into_weights(call, strip);
  const WeightedSum<float> dq = {
      call.out_rows + strip.begin, block.keys, weights, kTwoWeights, 1, nullptr, counts, nullptr};
  sum_block(dq, strip.num_rows, 0, call.shape.key_dim);
  add_to_keys(call, strip, block);
}

template <class Element>
void add_block(const AttentionCall& call, const AttentionBackward& io, const KeyBlock& at, int64_t key_head) {
  GatheredBlock block;
  gather_keys(head_of<Element>(io.keys, key_head), io.keys.row_stride, at, call.shape.key_dim, call.keys,
              call.key_stride, block.keys);
  if (call.shape.values_in_keys)
    std::memcpy(block.values, block.keys, sizeof block.keys);
  else
    gather_keys(head_of<Element>(io.values, key_head), io.values.row_stride, at, call.shape.value_dim, call.values,
                call.value_stride, block.values);
  const Heads& d_values = call.shape.values_in_keys ? io.d_keys : io.d_values;
  for (int k = 0; k < at.num_keys; ++k) {
    block.d_keys[k] = head_of<float>(io.d_keys, key_head) + at.key_rows[k] * io.d_keys.row_stride;
    block.d_values[k] = head_of<float>(d_values, key_head) + at.key_rows[k] * d_values.row_stride;
  }
  for (int r = at.row_begin; r < at.row_end; r += kStripRows) {
    const int num_rows = at_most(kStripRows, at.row_end - r);
    add_strip(call, {r, num_rows, call.counts[r + num_rows - 1]}, block);
  }
}

// D of a row whose d_out lies in scratch.
template <class Element>
float dot_with_out(const AttentionCall& call, const float* d_out, const Element* out) {
  Lanes partial;
  partial_dots<1, 1>(d_out, 0, &out, call.shape.value_dim, &partial);
  return sum(partial);
}

template <class Element>
void start(const AttentionCall& call,
           const AttentionBackward& io,
           const AttentionPlan::Panel& panel,
           int64_t key_head) {
  const int64_t num_heads = call.shape.num_heads, group = num_heads / call.shape.num_key_heads;
  load_rows<Element>(call, io.q, panel, key_head, call.shape.key_dim, call.q, call.key_stride);
  load_rows<Element>(call, io.d_out, panel, key_head, call.shape.value_dim, call.d_out, call.value_stride);
  int64_t row = 0;
  for (int64_t n = panel.query_begin; n < panel.query_begin + panel.num_queries; ++n)
    for (int64_t h = key_head * group; h < (key_head + 1) * group; ++h, ++row) {
      const float *q = call.q + row * call.key_stride, *d_out = call.d_out + row * call.value_stride;
      call.rows[2 * row] = call.rows[2 * call.num_rows + row] = q;
      call.rows[2 * row + 1] = call.rows[3 * call.num_rows + row] = d_out;
      call.max[row] = io.max[n * num_heads + h];
      call.sum[row] = 1.0f / io.sum[n * num_heads + h];
      call.correction[row] = dot_with_out(call, d_out, head_of<Element>(io.out, h) + n * io.out.row_stride);
      call.out_rows[row] = call.out + row * call.key_stride;
      std::memset(call.out_rows[row], 0, static_cast<size_t>(call.key_stride) * sizeof(float));
    }
}

template <class Element>
void backward(const AttentionCall& call, const AttentionBackward& io) {
  for (int64_t p = call.part.panel_begin; p < call.part.panel_end; ++p)
    for (int64_t g = call.part.key_head_begin; g < call.part.key_head_end; ++g) {
      start<Element>(call, io, call.panels[p], g);
      for_each_block(call, call.panels[p], [&](const KeyBlock& block) { add_block<Element>(call, io, block, g); });
      store_rows<Element>(call, io.dq, call.panels[p], g, call.shape.key_dim, nullptr);
    }
}

}  // namespace

void attention_backward(const AttentionCall& call, const AttentionBackward& io) {
  call.shape.dtype == Dtype::f32 ? backward<float>(call, io) : backward<uint16_t>(call, io);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
