// SPDX-License-Identifier: Apache-2.0
// AdamW, element by element.
#include "kernels/cpu/adamw_ref.h"

#include <cmath>

#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {

void adamw_ref(const AdamWSpan& span, const AdamWCoefficients& c) {
  const FloatMode mode;
  float *theta = span.master, *m = span.exp_avg, *v = span.exp_avg_sq;
  for (int64_t i = 0; i < span.size; ++i) {
    const float g = c.grad_scale * span.gradient[i];
    m[i] = c.beta1 * m[i] + c.one_minus_beta1 * g;
    v[i] = c.beta2 * v[i] + c.one_minus_beta2 * g * g;
    const float denominator = std::sqrt(v[i]) * c.inverse_sqrt_bias2 + c.epsilon;
    theta[i] = c.decay * theta[i] - c.step_size * (m[i] / denominator);
    if (span.bf16 != nullptr) span.bf16[i] = to_bf16_ref(theta[i]);
  }
}

}  // namespace lockstep::kernels::cpu
