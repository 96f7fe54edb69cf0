// SPDX-License-Identifier: Apache-2.0
// Row numbers as a tensor.
#pragma once

#include <vector>

#include "kernels/tensor.h"

namespace lockstep::kernels {

// int64, [values.size()], on `device`.
Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device);

}  // namespace lockstep::kernels
