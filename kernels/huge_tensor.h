// SPDX-License-Identifier: Apache-2.0
// CPU tensors on huge pages, for memory that is walked through again and again.
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

// Zeros, [sizes], contiguous. On other devices, and where the kernel has no huge pages, an ordinary tensor.
Tensor zeros_on_huge_pages(at::IntArrayRef sizes, at::ScalarType dtype, const at::Device& device);

}  // namespace lockstep::kernels
