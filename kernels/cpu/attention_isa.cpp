// SPDX-License-Identifier: Apache-2.0
// The forward pass: all rows of a panel go through a block of keys together, while it lies in the nearest caches.
#include "kernels/cpu/attention_isa.h"

#include <limits>

#include "kernels/cpu/attention_block.h"
#include "kernels/cpu/attention_prefetch.h"
#include "kernels/cpu/attention_sums.h"
#include "kernels/cpu/lane_math.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

// With so few rows a block of keys is read where it lies: a copy would cost more than it saves.
constexpr int kMaxRowsInPlace = 4;

// Calls action(j, scores j .. j + 15) for the first `count` scores of a row; those after them appear as -inf.
template <class Action>
inline void for_each_vector(const float* scores, int count, const Action& action) {
  int j = 0;
  for (; j + kVector <= count; j += kVector) action(j, Lanes::load(scores + j));
  if (j == count) return;
  const Lanes nothing = Lanes::broadcast(-std::numeric_limits<float>::infinity());
  action(j, select_first(count - j, Lanes::load(scores + j), nothing));
}

// Rows begin .. begin + n - 1, n <= 16: m after a block, and the correction c of what came before.
void update_max(const AttentionCall& call, int begin, int n) {
  float block_max[kVector];
  for (int i = 0; i < n; ++i) {
    Lanes lanes = Lanes::broadcast(-std::numeric_limits<float>::infinity());
    for_each_vector(call.scores + (begin + i) * kAttentionBlock, call.counts[begin + i],
                    [&](int, Lanes s) { lanes = max(s, lanes); });  // passes over a NaN in s
    block_max[i] = max_of(lanes);
  }
  const Lanes past = Lanes::load_first(call.max + begin, n);
  const Lanes now = max(Lanes::load_first(block_max, n), past) + Lanes::zero();
  exp(past - now).store_first(call.correction + begin, n);
  now.store_first(call.max + begin, n);
}

// Scores become p, and l takes their sum in.
void update_sum(const AttentionCall& call, int begin, int n) {
  float block_sum[kVector];
  for (int i = 0; i < n; ++i) {
    float* scores = call.scores + (begin + i) * kAttentionBlock;
    const Lanes m = Lanes::broadcast(call.max[begin + i]);
    Lanes lanes = Lanes::zero();
    for_each_vector(scores, call.counts[begin + i], [&](int j, Lanes s) {
      const Lanes p = exp(s - m);
      p.store(scores + j);
      lanes = lanes + p;
    });
    block_sum[i] = sum(lanes);
  }
  const Lanes past = Lanes::load_first(call.sum + begin, n), correction = Lanes::load_first(call.correction + begin, n);
  fma(past, correction, Lanes::load_first(block_sum, n)).store_first(call.sum + begin, n);
}

template <class Element, class Between>
void attend(const AttentionCall& call,
            const KeyBlock& block,
            const Element* const* keys,
            const Element* const* values,
            Between& between) {
  const int begin = block.row_begin, num_rows = block.row_end - begin;
  score_block(call.q + begin * call.key_stride, call.key_stride, keys, call.counts + begin, num_rows,
              call.shape.key_dim, call.shape.scale, call.scores + begin * kAttentionBlock, kAttentionBlock, between);
  for (int i = 0; i < num_rows; i += kVector) {
    update_max(call, begin + i, at_most(kVector, num_rows - i));
    update_sum(call, begin + i, at_most(kVector, num_rows - i));
  }
  const WeightedSum<Element> sum = {.out = call.out_rows + begin,
                                    .x = values,
                                    .weights = call.scores + begin * kAttentionBlock,
                                    .row_stride = kAttentionBlock,
                                    .step_stride = 1,
                                    .begin = nullptr,
                                    .end = call.counts + begin,
                                    .rescale = call.correction + begin};
  sum_block(sum, num_rows, 0, call.shape.value_dim);
}

template <class Element>
void attend_in_place(const AttentionCall& call,
                     const AttentionForward& io,
                     const KeyBlock& block,
                     int64_t key_head,
                     Prefetcher<Element>& prefetcher) {
  const Element *keys[kAttentionBlock], *values[kAttentionBlock];
  find_keys(head_of<Element>(io.keys, key_head), io.keys.row_stride, block, keys);
  if (!call.shape.values_in_keys) find_keys(head_of<Element>(io.values, key_head), io.values.row_stride, block, values);
  attend(call, block, keys, call.shape.values_in_keys ? keys : values, prefetcher);
}

template <class Element>
void attend_gathered(const AttentionCall& call,
                     const AttentionForward& io,
                     const KeyBlock& block,
                     int64_t key_head,
                     Prefetcher<Element>& prefetcher) {
  const float *keys[kAttentionBlock], *values[kAttentionBlock];
  gather_keys(head_of<Element>(io.keys, key_head), io.keys.row_stride, block, call.shape.key_dim, call.keys,
              call.key_stride, keys);
  if (!call.shape.values_in_keys)
    gather_keys(head_of<Element>(io.values, key_head), io.values.row_stride, block, call.shape.value_dim, call.values,
                call.value_stride, values);
  attend(call, block, keys, call.shape.values_in_keys ? keys : values, prefetcher);
}

template <class Element>
void start(const AttentionCall& call, const AttentionForward& io, const AttentionPlan::Panel& panel, int64_t key_head) {
  const int64_t num_rows = panel.num_queries * (call.shape.num_heads / call.shape.num_key_heads);
  load_rows<Element>(call, io.q, panel, key_head, call.shape.key_dim, call.q, call.key_stride);
  for (int64_t r = 0; r < num_rows; ++r) {
    call.max[r] = std::numeric_limits<float>::lowest();
    call.sum[r] = 0;
    call.out_rows[r] = call.out + r * call.value_stride;
    std::memset(call.out_rows[r], 0, static_cast<size_t>(call.value_stride) * sizeof(float));
  }
}

// m and l for the backward pass.
void save(const AttentionCall& call, const AttentionForward& io, const AttentionPlan::Panel& panel, int64_t key_head) {
  const int64_t num_heads = call.shape.num_heads, group = num_heads / call.shape.num_key_heads;
  for (int64_t i = 0; i < panel.num_queries; ++i) {
    const int64_t to = (panel.query_begin + i) * num_heads + key_head * group;
    for (int64_t h = 0; h < group; ++h) {
      if (io.max) io.max[to + h] = call.max[i * group + h];
      if (io.sum) io.sum[to + h] = call.sum[i * group + h];
    }
  }
}

// Key heads of a panel that go through its blocks together: with few rows it pays to read the heads of a key, which are
// neighbours in memory, at about the same time.
struct Round {
  int64_t panel;
  int64_t head_begin, head_end;
};

Round round_at(const AttentionCall& call, int64_t panel, int64_t head_begin) {
  if (panel == call.part.panel_end) return {panel, 0, 0};
  if (head_begin == call.part.key_head_end) return round_at(call, panel + 1, call.part.key_head_begin);
  const int64_t num_rows = call.panels[panel].num_queries * (call.shape.num_heads / call.shape.num_key_heads);
  const int64_t num_heads = num_rows < kRowsAtOnce ? kRowsAtOnce / num_rows : 1;
  return {panel, head_begin, head_begin + at_most(call.part.key_head_end - head_begin, num_heads)};
}

// The scratch of one key head of a round.
AttentionCall at_head(const AttentionCall& call, const Round& round, int64_t key_head) {
  const int64_t row = (key_head - round.head_begin) * call.panels[round.panel].num_queries *
                      (call.shape.num_heads / call.shape.num_key_heads);
  AttentionCall head = call;
  head.q += row * call.key_stride;
  head.out += row * call.value_stride;
  head.out_rows += row;
  head.max += row;
  head.sum += row;
  return head;
}

// Has the prefetcher ask for the block after this one, of the panel or of the next round.
template <class Element>
void look_ahead(const AttentionCall& call, const Round& round, const KeyBlock& block, Prefetcher<Element>& prefetcher) {
  const int64_t num_scores = (block.row_end - block.row_begin) * block.num_keys * (round.head_end - round.head_begin);
  const int64_t num_calls = num_scores / kVector;
  if (block.num_next > 0)
    return prefetcher.start(block.next_rows, block.num_next, round.head_begin, round.head_end, num_calls);
  const Round next = round_at(call, round.panel, round.head_end);
  if (next.panel == call.part.panel_end) return prefetcher.start(nullptr, 0, 0, 0, 0);
  const AttentionPlan::Segment& first = call.segments[call.panels[next.panel].segment_begin];
  prefetcher.start(call.key_rows + first.key_begin, at_most(kAttentionBlock, first.num_keys), next.head_begin,
                   next.head_end, num_calls);
}

template <class Element>
void go_round(const AttentionCall& call,
              const AttentionForward& io,
              const Round& round,
              Prefetcher<Element>& prefetcher) {
  const AttentionPlan::Panel& panel = call.panels[round.panel];
  for (int64_t g = round.head_begin; g < round.head_end; ++g) start<Element>(at_head(call, round, g), io, panel, g);
  for_each_block(call, panel, [&](const KeyBlock& block) {
    look_ahead(call, round, block, prefetcher);
    for (int64_t g = round.head_begin; g < round.head_end; ++g)
      if (block.row_end - block.row_begin <= kMaxRowsInPlace)
        attend_in_place(at_head(call, round, g), io, block, g, prefetcher);
      else
        attend_gathered(at_head(call, round, g), io, block, g, prefetcher);
  });
  for (int64_t g = round.head_begin; g < round.head_end; ++g) {
    const AttentionCall head = at_head(call, round, g);
    store_rows<Element>(head, io.out, panel, g, call.shape.value_dim, head.sum);
    save(head, io, panel, g);
  }
}

template <class Element>
void forward_of(const AttentionCall& call, const AttentionForward& io) {
  Prefetcher<Element> prefetcher(call.shape, io.keys, io.values);
  for (Round round = round_at(call, call.part.panel_begin, call.part.key_head_begin); round.panel < call.part.panel_end;
       round = round_at(call, round.panel, round.head_end))
    go_round(call, io, round, prefetcher);
}

void forward(const AttentionCall& call, const AttentionForward& io) {
  call.shape.dtype == Dtype::f32 ? forward_of<float>(call, io) : forward_of<uint16_t>(call, io);
}

}  // namespace

extern const AttentionKernels attention_kernels;
const AttentionKernels attention_kernels = {forward, attention_backward};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
