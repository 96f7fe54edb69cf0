// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding of rows (Su et al. 2021, arXiv:2104.09864) in its two layouts, forward and backward.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

enum class RopePairs {
  half_split,   // (x_i, x_{i + R/2}): llama, qwen
  interleaved,  // (x_{2i}, x_{2i+1}): deepseek
};

// Each pair (a, b) of each head becomes (fma(b, -sin, a cos), fma(a, sin, b cos)), in f32, rounded once. Strides, in
// elements, let x be a slice of wider heads; y may be x if y_rows is null.
struct Rope {
  int64_t rows = 0, heads = 0, width = 0;  // N, H, R (even)
  RopePairs pairs = RopePairs::half_split;
  Dtype dtype = Dtype::f32;
  const void* x = nullptr;  // [N, H, R]
  int64_t x_row_stride = 0, x_head_stride = 0;
  void* y = nullptr;  // [N, H, R]
  int64_t y_row_stride = 0, y_head_stride = 0;
  const float *cos = nullptr, *sin = nullptr;  // [N, R / 2], kernels/cpu/rope_angles.h
  const int64_t* y_rows = nullptr;             // [N] the rows of y that are written, each once; null: row n
};
void rope(const Rope& a, Isa isa = isa());

// The gradient: `x` is d loss / d output, `y` receives d loss / d input. It is the rotation by the negative angle.
void rope_backward(const Rope& a, Isa isa = isa());

struct RopeKernels {
  void (*rotate)(const Rope&, bool is_backward);
};

}  // namespace lockstep::kernels::cpu
