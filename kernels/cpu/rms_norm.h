// SPDX-License-Identifier: Apache-2.0
// RMSNorm of rows (Zhang and Sennrich 2019, arXiv:1910.07467), with the residual addition before it, and its gradients.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// y[n] = (x[n] * scale[n]) * weight, scale[n] = 1 / sqrt(sum_j x[n, j]^2 / D + eps).
// The sum: lane j % 16 adds x_j^2 by fma in ascending j, lanes are added by halves. Strides count elements of their array.
struct RmsNorm {
  int64_t rows = 0, width = 0;  // N, D
  float eps = 0;
  Dtype stream = Dtype::f32;  // type of x, delta
  Dtype out = Dtype::f32;     // type of y
  const void* x = nullptr;    // [N, D]
  int64_t x_stride = 0;
  const float* weight = nullptr;  // [D]
  void* y = nullptr;              // [N, D]
  int64_t y_stride = 0;
  float* scale = nullptr;  // [N], kept for the gradients; null: not wanted
};
void rms_norm(const RmsNorm& a, Isa isa = isa());

// sum[n] = x[n] + delta[n], rounded once to `stream`; then y[n] as above from the rounded sum.
struct ResidualAdd {
  const void* delta = nullptr;  // [N, D] of `out`
  void* sum = nullptr;          // [N, D] of `stream`; may be x
  int64_t delta_stride = 0, sum_stride = 0;
};
void add_rms_norm(const ResidualAdd& add, const RmsNorm& a, Isa isa = isa());

// With n_j = x_j * scale: dx_j = scale * (g_j w_j - n_j * sum_j(g_j w_j n_j) / D) + add_j, rounded once to `stream`. The
// sum is made like that of the forward. `add` is the gradient that reaches x past the norm (the residual path), or null.
struct RmsNormInputGrad {
  int64_t rows = 0, width = 0;
  Dtype stream = Dtype::f32;  // type of x, add, dx
  Dtype out = Dtype::f32;     // type of g
  const void* x = nullptr;    // [N, D], as given to the forward
  const void* g = nullptr;    // [N, D], gradient of y
  const void* add = nullptr;  // [N, D] or null
  void* dx = nullptr;         // [N, D]; may be `add`
  int64_t x_stride = 0, g_stride = 0, add_stride = 0, dx_stride = 0;
  const float* weight = nullptr;  // [D]
  const float* scale = nullptr;   // [N]
};
void rms_norm_input_grad(const RmsNormInputGrad& a, Isa isa = isa());

// dw_j = fma(g[n, j], x[n, j] * scale[n], dw_j) in ascending n, from the present dw on. Columns are independent, so callers
// may share them out (by moving x, g and dw): the bits do not change.
struct RmsNormWeightGrad {
  int64_t rows = 0, width = 0;
  Dtype stream = Dtype::f32;
  Dtype out = Dtype::f32;
  const void* x = nullptr;
  const void* g = nullptr;
  int64_t x_stride = 0, g_stride = 0;
  const float* scale = nullptr;  // [N]
  float* dw = nullptr;           // [D]
};
void rms_norm_weight_grad(const RmsNormWeightGrad& a, Isa isa = isa());

// One instruction set's functions.
struct RmsNormKernels {
  void (*forward)(const RmsNorm&);
  void (*add_forward)(const ResidualAdd&, const RmsNorm&);
  void (*input_grad)(const RmsNormInputGrad&);
  void (*weight_grad)(const RmsNormWeightGrad&);
};

}  // namespace lockstep::kernels::cpu
