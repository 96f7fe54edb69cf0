// SPDX-License-Identifier: Apache-2.0
// One AdamW update of a stretch of parameters: the arithmetic alone, in two forms with the same roundings.
#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace lockstep::rl {

// Decoupled Weight Decay Regularization (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2), step t from 1:
//   g     = grad_scale * gradient
//   m     = beta1 m + (1 - beta1) g
//   v     = beta2 v + (1 - beta2) g g
//   theta = (1 - lr weight_decay) theta - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
// Scalars are computed in f64 and rounded once; per element every operation is one f32 IEEE +, *, / or sqrt, in the order
// of adamw_update's source, so the bits are the same on every instruction set. f32 denormals count as zero.
struct AdamWCoefficients {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float inverse_sqrt_bias2;         // 1 / sqrt(1 - beta2^t)
  float epsilon, decay, step_size;  // decay = 1 - lr weight_decay, step_size = lr / (1 - beta1^t)
};

struct AdamWScalars {
  double learning_rate, beta1, beta2, epsilon, weight_decay, grad_scale;
  int64_t step;  // t, from 1
};
AdamWCoefficients adamw_coefficients(const AdamWScalars& scalars);

// A contiguous stretch on the CPU; `size` elements each.
struct AdamWSpan {
  float* master;      // f32 parameters
  float* exp_avg;     // m
  float* exp_avg_sq;  // v
  const float* gradient;
  uint16_t* bf16;  // if not null: receives master rounded to nearest even
  int64_t size;
};
void adamw_update(const AdamWSpan& span, const AdamWCoefficients& c);

// The same in torch operations, for parameters on any device; all tensors f32 of one shape, updated in place. The
// operations are the same; on the CPU torch's f32 square root (a vector library's) is not the correctly rounded one.
void adamw_update_portable(
    Tensor& master, Tensor& exp_avg, Tensor& exp_avg_sq, const Tensor& gradient, const AdamWCoefficients& c);

// Sum of squares in f64: eight interleaved running sums, added pairwise. The order depends on `size` alone.
double sum_of_squares(const float* values, int64_t size);

void bf16_to_f32(const uint16_t* from, float* to, int64_t size);  // exact
void f32_to_bf16(const float* from, uint16_t* to, int64_t size);  // nearest even; NaN stays NaN

}  // namespace lockstep::rl
