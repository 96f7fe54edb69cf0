// SPDX-License-Identifier: Apache-2.0
// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467) over the last dimension.
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

// y = x / sqrt(mean(x^2) + eps) * weight, computed in f32, rounded once to x's dtype.
//   x [..., D] f32|bf16, weight [D] -> [..., D]. Differentiable in both.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);

}  // namespace lockstep::kernels
