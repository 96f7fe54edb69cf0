// SPDX-License-Identifier: Apache-2.0
// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467) over the last dimension.
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

// y = x / sqrt(mean(x^2) + eps) * weight, computed in f32, rounded once to x's dtype.
//   x [..., D] f32|bf16, weight [D] -> [..., D]. Differentiable in both.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);

struct ResidualNorm {
  Tensor sum, y;
};

// sum = x + delta, rounded once to their dtype, and y = rms_norm(sum): the residual stream and the next block's input.
//   x, delta [N, D] f32|bf16 -> [N, D] each. Differentiable in all three.
ResidualNorm add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps);

}  // namespace lockstep::kernels
