// SPDX-License-Identifier: Apache-2.0
// AdamW over lanes.
#include "kernels/cpu/adamw.h"
#include "kernels/cpu/lane_loop.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

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
const AdamWKernels adamw_kernels = {update};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
