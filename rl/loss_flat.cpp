// SPDX-License-Identifier: Apache-2.0
// Copies between tensors and f64 arrays, and a scalar with a prescribed gradient.
#include "rl/loss_flat.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {

std::vector<double> flat_values(const Tensor& tensor, size_t size, double fallback, std::string_view name) {
  if (!tensor.defined()) return std::vector<double>(size, fallback);
  LOCKSTEP_CHECK(tensor.dim() == 1 && tensor.size(0) == static_cast<int64_t>(size),
                 cat(name, " must be [", size, "], is ", tensor.sizes()));
  const Tensor values = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  const double* data = values.const_data_ptr<double>();
  return {data, data + size};
}

Tensor scalar_with_gradient(const Tensor& logprobs, double value, const std::vector<double>& gradient) {
  const Tensor slope = at::tensor(gradient, at::kDouble).to(logprobs.options());
  // value + sum slope * (x - x): the sum is exactly 0, its derivative is exactly `slope`. Element-wise
  // products and a broadcast are all that backward does, so it rounds nothing.
  const Tensor live = at::where(slope.ne(0), logprobs, at::scalar_tensor(0, logprobs.options()));
  return slope.mul(live.sub(live.detach())).sum().add(value);
}

}  // namespace lockstep::rl
