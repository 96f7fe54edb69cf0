// SPDX-License-Identifier: Apache-2.0
// SwiGLU over lanes.
#include "kernels/cpu/by_dtype.h"
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/lane_math.h"
#include "kernels/cpu/swiglu.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

void forward(const Swiglu& a) {
  by_dtype(a.dtype, [&](auto element) {
    using T = typename decltype(element)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      const T* gate = row_of<T>(a.gate_up, n, a.gate_up_stride);
      T* y = row_of<T>(a.y, n, a.y_stride);
      for_lanes(a.width, [&](auto lanes) { lanes.store(y, silu(lanes.load(gate)) * lanes.load(gate + a.width)); });
    }
  });
}

template <class T>
void grad_row(const T* gate_up, const T* g, T* d_gate_up, int64_t width) {
  const Lanes one = Lanes::broadcast(1.0f);
  for_lanes(width, [&](auto lanes) {
    const Lanes gate = lanes.load(gate_up), up = lanes.load(gate_up + width), grad = lanes.load(g);
    const Lanes denominator = one + exp(Lanes::zero() - gate);
    const Lanes s = one / denominator, activated = gate / denominator;
    lanes.store(d_gate_up + width, grad * activated);
    lanes.store(d_gate_up, (grad * up) * fma(activated, one - s, s));
  });
}

void grad(const SwigluGrad& a) {
  by_dtype(a.dtype, [&](auto element) {
    using T = typename decltype(element)::Type;
    for (int64_t n = 0; n < a.rows; ++n)
      grad_row(row_of<T>(a.gate_up, n, a.gate_up_stride), row_of<T>(a.g, n, a.g_stride),
               row_of<T>(a.d_gate_up, n, a.d_gate_up_stride), a.width);
  });
}

}  // namespace

extern const SwigluKernels swiglu_kernels;
const SwigluKernels swiglu_kernels = {forward, grad};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
