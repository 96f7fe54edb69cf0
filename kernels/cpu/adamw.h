// SPDX-License-Identifier: Apache-2.0
// One AdamW update of a stretch of f32 parameters.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// Decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2), step t from 1:
//   g = grad_scale gradient;  m = beta1 m + (1 - beta1) g;  v = beta2 v + ((1 - beta2) g) g
//   theta = (1 - lr weight_decay) theta - lr / (1 - beta1^t) (m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon))
// Scalars are computed in f64 and rounded once; per element every operation is one rounded f32 +, *, / or sqrt.
struct AdamWScalars {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  double grad_scale;  // the clipping factor, or 1
  int64_t step;       // t
};
struct AdamWCoefficients {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float inverse_sqrt_bias2;         // 1 / sqrt(1 - beta2^t)
  float epsilon, decay, step_size;  // decay = 1 - lr weight_decay, step_size = lr / (1 - beta1^t)
};
AdamWCoefficients adamw_coefficients(const AdamWScalars& scalars);

// `size` elements each.
struct AdamWSpan {
  float* master;      // f32 parameters, theta
  float* exp_avg;     // m
  float* exp_avg_sq;  // v
  const float* gradient;
  uint16_t* bf16;  // receives theta rounded to bf16; null: not wanted
  int64_t size;
};
void adamw(const AdamWSpan& span, const AdamWCoefficients& c, Isa isa = isa());

struct AdamWKernels {
  void (*update)(const AdamWSpan&, const AdamWCoefficients&);
};

}  // namespace lockstep::kernels::cpu
