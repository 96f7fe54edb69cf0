// SPDX-License-Identifier: Apache-2.0
// Linear layers in torch operations.
#include <ATen/ops/bmm.h>
#include <ATen/ops/linear.h>

#include "kernels/portable.h"

namespace lockstep::kernels::portable {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) { return at::linear(x, weight, bias); }

Tensor heads_linear(const Tensor& x, const Tensor& weight) {
  return at::bmm(x.transpose(0, 1), weight.transpose(1, 2)).transpose(0, 1).contiguous();
}

}  // namespace lockstep::kernels::portable
