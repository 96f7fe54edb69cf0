// SPDX-License-Identifier: Apache-2.0
// What the dispatch of attention and its kernels, built once per instruction set, know of each other. No functions of
// classes in here: they would be shared between instruction sets.
#pragma once

#include "kernels/cpu/attention.h"

namespace lockstep::kernels::cpu {

// Rows whose running states are kept at the same time, unless one query has more: they stay in the second-level cache, and
// gathering a block of keys, which costs as much as the work of a row, is a small part of the work.
inline constexpr int64_t kRowsAtOnce = 192;

// One call. Scratch rows are `key_stride` or `value_stride` floats long, filled up with zeros to whole vectors.
struct AttentionCall {
  AttentionShape shape;
  AttentionPart part;
  const AttentionPlan::Panel* panels = nullptr;
  const AttentionPlan::Segment* segments = nullptr;
  const int64_t* key_rows = nullptr;
  int64_t num_rows = 0;  // there is scratch for
  int64_t key_stride = 0, value_stride = 0;

  // A row is a query of a panel and one of the heads of a key head, in this order; the forward pass may have several key
  // heads of a panel after each other.
  float* q = nullptr;           // [rows, key_stride]
  float* out = nullptr;         // [rows, value_stride] running o; backward: [rows, key_stride] dq
  float* d_out = nullptr;       // [rows, value_stride] backward only
  float* max = nullptr;         // [rows] m
  float* sum = nullptr;         // [rows] l; backward: 1 / l
  float* correction = nullptr;  // [rows] c; backward: D
  float* scores = nullptr;      // [rows, 64] s, then p; backward: [rows, 2, 64] ds and p
  float* keys = nullptr;        // [64, key_stride] a gathered block
  float* values = nullptr;      // [64, value_stride]
  int* counts = nullptr;        // [rows] how many keys of the block the row sees
  float** out_rows = nullptr;   // [rows] where the rows of `out` begin
  const float** rows =
      nullptr;  // backward: where the rows of q and d_out begin: [rows, 2] in turns, [rows] of q, [rows] of d_out
};

// One instruction set's functions.
struct AttentionKernels {
  void (*forward)(const AttentionCall& call, const AttentionForward& io);
  void (*backward)(const AttentionCall& call, const AttentionBackward& io);
};

}  // namespace lockstep::kernels::cpu
