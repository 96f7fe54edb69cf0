// SPDX-License-Identifier: Apache-2.0
// Tensors over memory of kernels/cpu/huge_pages.h.
#include "kernels/huge_tensor.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "kernels/cpu/huge_pages.h"

namespace lockstep::kernels {

Tensor zeros_on_huge_pages(at::IntArrayRef sizes, at::ScalarType dtype, const at::Device& device) {
  const auto options = at::TensorOptions().dtype(dtype);
  if (!device.is_cpu()) return at::zeros(sizes, options.device(device));
  const size_t bytes = static_cast<size_t>(c10::multiply_integers(sizes)) * c10::elementSize(dtype);
  auto memory = cpu::allocate_huge(bytes);
  void* const data = memory.get();
  return at::from_blob(data, sizes, [memory = std::move(memory)](void*) {}, options).zero_();
}

}  // namespace lockstep::kernels
