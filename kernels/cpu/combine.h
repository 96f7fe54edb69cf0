// SPDX-License-Identifier: Apache-2.0
// Each token's expert outputs gathered and added in slot order, and the gradients; no atomics, no other token's data.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// out[n] = fma(weights[n, K-1], y[slot_row[n, K-1]], ... fma(weights[n, 0], y[slot_row[n, 0]], 0)) + shared[n], in f32,
// rounded once. The gradient of a dispatch of rows to experts is the same sum without weights.
struct Combine {
  int64_t rows = 0, slots = 0, width = 0;  // N, K, D
  Dtype dtype = Dtype::f32;                // of y, shared, out
  const void* y = nullptr;                 // [M, D]
  const int64_t* slot_row = nullptr;       // [N, K], rows of y
  const float* weights = nullptr;          // [N, K]; null: all 1
  const void* shared = nullptr;            // [N, D], the shared expert's output, or null
  void* out = nullptr;                     // [N, D]; may be `shared`
  int64_t y_stride = 0, shared_stride = 0, out_stride = 0;
};
void combine_slots(const Combine& a, Isa isa = isa());

// dy[slot_row[n, k]] = weights[n, k] g[n], rounded once. d weights[n, k] = sum_j g[n, j] y[slot_row[n, k], j]: lane j % 16
// adds by fma in ascending j, lanes are added by halves. (The shared expert's gradient is g.)
struct CombineGrad {
  int64_t rows = 0, slots = 0, width = 0;
  Dtype dtype = Dtype::f32;  // of g, y, dy
  const void* g = nullptr;   // [N, D], gradient of out
  const void* y = nullptr;   // [M, D], as given to the forward
  const int64_t* slot_row = nullptr;
  const float* weights = nullptr;
  void* dy = nullptr;          // [M, D]; may be y
  float* d_weights = nullptr;  // [N, K]
  int64_t g_stride = 0, y_stride = 0, dy_stride = 0;
};
void combine_slots_grad(const CombineGrad& a, Isa isa = isa());

struct CombineKernels {
  void (*forward)(const Combine&);
  void (*grad)(const CombineGrad&);
};

}  // namespace lockstep::kernels::cpu
