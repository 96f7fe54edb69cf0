// SPDX-License-Identifier: Apache-2.0
// The gated activation of SwiGLU (Shazeer 2020, arXiv:2002.05202), forward and backward.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// y[n, i] = silu(gate) * up, gate = gate_up[n, i], up = gate_up[n, I + i], silu(g) = g / (1 + e^-g): f32, rounded once.
struct Swiglu {
  int64_t rows = 0, width = 0;  // N, I
  Dtype dtype = Dtype::f32;
  const void* gate_up = nullptr;  // [N, 2 I]
  int64_t gate_up_stride = 0;     // in elements, like all strides
  void* y = nullptr;              // [N, I]
  int64_t y_stride = 0;
};
void swiglu(const Swiglu& a, Isa isa = isa());

// d up = g silu(gate); d gate = (g up) (s + silu(gate) (1 - s)), s = 1 / (1 + e^-gate).
struct SwigluGrad {
  int64_t rows = 0, width = 0;  // N, I
  Dtype dtype = Dtype::f32;
  const void* gate_up = nullptr;  // [N, 2 I], as given to the forward
  const void* g = nullptr;        // [N, I], gradient of y
  void* d_gate_up = nullptr;      // [N, 2 I]; may be gate_up
  int64_t gate_up_stride = 0, g_stride = 0, d_gate_up_stride = 0;
};
void swiglu_grad(const SwigluGrad& a, Isa isa = isa());

struct SwigluKernels {
  void (*forward)(const Swiglu&);
  void (*grad)(const SwigluGrad&);
};

}  // namespace lockstep::kernels::cpu
