// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the optimizer's kernels.
#include "kernels/cpu/adamw.h"

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/f64_math.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const AdamWKernels adamw_kernels;
}
namespace avx2 {
extern const AdamWKernels adamw_kernels;
}
namespace avx512f {
extern const AdamWKernels adamw_kernels;
}
namespace avx512bf16 {
extern const AdamWKernels adamw_kernels;
}

namespace {

const AdamWKernels& kernels(Isa isa) {
  return table_of(isa, scalar::adamw_kernels, avx2::adamw_kernels, avx512f::adamw_kernels, avx512bf16::adamw_kernels);
}

}  // namespace

AdamWCoefficients adamw_coefficients(const AdamWScalars& s) {
  const double bias1 = 1 - integer_power_f64(s.beta1, s.step), bias2 = 1 - integer_power_f64(s.beta2, s.step);
  const auto f32 = [](double x) { return static_cast<float>(x); };
  return {.grad_scale = f32(s.grad_scale),
          .beta1 = f32(s.beta1),
          .one_minus_beta1 = f32(1 - s.beta1),
          .beta2 = f32(s.beta2),
          .one_minus_beta2 = f32(1 - s.beta2),
          .inverse_sqrt_bias2 = f32(1 / std::sqrt(bias2)),
          .epsilon = f32(s.epsilon),
          .decay = f32(1 - s.learning_rate * s.weight_decay),
          .step_size = f32(s.learning_rate / bias1)};
}

void adamw(const AdamWSpan& span, const AdamWCoefficients& c, Isa isa) {
  const FloatMode mode;
  kernels(isa).update(span, c);
}

}  // namespace lockstep::kernels::cpu
