// SPDX-License-Identifier: Apache-2.0
// A copy through the host.
#include "kernels/index_tensor.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace lockstep::kernels {

Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device) {
  auto out = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<int64_t>());
  return device.is_cpu() ? out : out.to(device);
}

}  // namespace lockstep::kernels
