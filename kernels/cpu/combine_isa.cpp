// SPDX-License-Identifier: Apache-2.0
// The slot combination over lanes: the sum of sixteen columns stays in a register while the slots go by.
#include "kernels/cpu/by_dtype.h"
#include "kernels/cpu/combine.h"
#include "kernels/cpu/lane_loop.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

template <class T>
void forward_row(const Combine& a, int64_t n) {
  const int64_t* rows = a.slot_row + n * a.slots;
  const float* weights = a.weights == nullptr ? nullptr : a.weights + n * a.slots;
  const T* shared = a.shared == nullptr ? nullptr : row_of<T>(a.shared, n, a.shared_stride);
  T* out = row_of<T>(a.out, n, a.out_stride);
  for_lanes(a.width, [&](auto lanes) {
    Lanes sum = Lanes::zero();
    for (int64_t k = 0; k < a.slots; ++k) {
      const Lanes y = lanes.load(row_of<T>(a.y, rows[k], a.y_stride));
      sum = fma(Lanes::broadcast(weights == nullptr ? 1.0f : weights[k]), y, sum);
    }
    lanes.store(out, shared == nullptr ? sum : sum + lanes.load(shared));
  });
}

void forward(const Combine& a) {
  by_dtype(a.dtype, [&](auto element) {
    for (int64_t n = 0; n < a.rows; ++n) forward_row<typename decltype(element)::Type>(a, n);
  });
}

template <class T>
float grad_slot(const T* g, const T* y, T* dy, float weight, int64_t width) {
  const Lanes w = Lanes::broadcast(weight);
  Lanes dot = Lanes::zero();
  for_lanes(width, [&](auto lanes) {
    const Lanes grad = lanes.load(g);
    dot = fma(grad, lanes.load(y), dot);
    lanes.store(dy, w * grad);
  });
  return sum(dot);
}

void grad(const CombineGrad& a) {
  by_dtype(a.dtype, [&](auto element) {
    using T = typename decltype(element)::Type;
    for (int64_t i = 0; i < a.rows * a.slots; ++i)
      a.d_weights[i] = grad_slot(row_of<T>(a.g, i / a.slots, a.g_stride), row_of<T>(a.y, a.slot_row[i], a.y_stride),
                                 row_of<T>(a.dy, a.slot_row[i], a.dy_stride), a.weights[i], a.width);
  });
}

}  // namespace

extern const CombineKernels combine_kernels;
const CombineKernels combine_kernels = {forward, grad};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
