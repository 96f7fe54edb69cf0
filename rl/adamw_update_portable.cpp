// SPDX-License-Identifier: Apache-2.0
// AdamW in torch operations: one operation per rounding, no fused multiply-add.
#include <ATen/core/grad_mode.h>

#include "rl/adamw_update.h"

namespace lockstep::rl {

void adamw_update_portable(
    Tensor& master, Tensor& exp_avg, Tensor& exp_avg_sq, const Tensor& gradient, const AdamWCoefficients& c) {
  const at::NoGradGuard no_grad;
  const Tensor g = gradient.mul(c.grad_scale);
  exp_avg.mul_(c.beta1).add_(g.mul(c.one_minus_beta1));
  exp_avg_sq.mul_(c.beta2).add_(g.mul(c.one_minus_beta2).mul_(g));
  const Tensor denominator = exp_avg_sq.sqrt().mul_(c.inverse_sqrt_bias2).add_(c.epsilon);
  master.mul_(c.decay).sub_(exp_avg.div(denominator).mul_(c.step_size));
}

}  // namespace lockstep::rl
