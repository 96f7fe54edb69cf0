// SPDX-License-Identifier: Apache-2.0
// The optimizer's passes over lanes.
#include "kernels/cpu/adamw.h"
#include "kernels/cpu/lane_loop.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

void square_sums(const float* x, int64_t size, float* blocks) {
  for (int64_t begin = 0; begin < size; begin += kSquaresBlock) {
    const int64_t left = size - begin;
    Lanes squares = Lanes::zero();
    for_lanes(left < kSquaresBlock ? left : kSquaresBlock, [&](auto lanes) {
      const Lanes v = lanes.load(x + begin);
      squares = fma(v, v, squares);
    });
    blocks[begin / kSquaresBlock] = sum(squares);
  }
}

void scale_all(float* x, int64_t size, float factor) {
  const Lanes f = Lanes::broadcast(factor);
  for_lanes(size, [&](auto lanes) { lanes.store(x, lanes.load(x) * f); });
}

void update(const AdamWSpan& span, const AdamWCoefficients& c) {
  const Lanes grad_scale = Lanes::broadcast(c.grad_scale), decay = Lanes::broadcast(c.decay);
  const Lanes beta1 = Lanes::broadcast(c.beta1), rest1 = Lanes::broadcast(c.one_minus_beta1);
  const Lanes beta2 = Lanes::broadcast(c.beta2), rest2 = Lanes::broadcast(c.one_minus_beta2);
  const Lanes bias2 = Lanes::broadcast(c.inverse_sqrt_bias2), epsilon = Lanes::broadcast(c.epsilon);
  const Lanes step_size = Lanes::broadcast(c.step_size);
  for_lanes(span.size, [&](auto lanes) {
    const Lanes g = grad_scale * lanes.load(span.gradient);
    const Lanes m = beta1 * lanes.load(span.exp_avg) + rest1 * g;
    const Lanes v = beta2 * lanes.load(span.exp_avg_sq) + rest2 * g * g;
    const Lanes theta = decay * lanes.load(span.master) - step_size * (m / (sqrt(v) * bias2 + epsilon));
    lanes.store(span.exp_avg, m);
    lanes.store(span.exp_avg_sq, v);
    lanes.store(span.master, theta);
    if (span.bf16 != nullptr) lanes.store(span.bf16, theta);
  });
}

}  // namespace

extern const AdamWKernels adamw_kernels;
const AdamWKernels adamw_kernels = {square_sums, scale_all, update};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
