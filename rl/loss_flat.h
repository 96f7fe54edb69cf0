// SPDX-License-Identifier: Apache-2.0
// The bridge between a loss written on plain f64 arrays and autograd: tensors in, one differentiable scalar
// out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"

namespace lockstep::rl {

// The values of `tensor` [size] as f64 on the CPU; `size` copies of `fallback` when it is undefined.
std::vector<double> flat_values(const Tensor& tensor, size_t size, double fallback, std::string_view name);

// A scalar of value `value` whose backward gives `gradient` [N] to `logprobs` [N], in logprobs' dtype, on its
// device. Entries where gradient is 0 get exactly 0, even if the log-probability there is infinite or NaN.
Tensor scalar_with_gradient(const Tensor& logprobs, double value, const std::vector<double>& gradient);

}  // namespace lockstep::rl
