// SPDX-License-Identifier: Apache-2.0
// SwiGLU's activation in torch operations with its gradient written out.
#include "kernels/portable.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace lockstep::kernels::portable {
namespace {

Tensor plain_swiglu(const Tensor& gate_up) {
  const int64_t width = gate_up.size(-1) / 2;
  return at::silu(gate_up.narrow(-1, 0, width)).mul_(gate_up.narrow(-1, width, width));
}

struct SwigluFunction : torch::autograd::Function<SwigluFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& gate_up) {
    context->save_for_backward({gate_up});
    return plain_swiglu(gate_up);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    return {swiglu_backward(grads[0], context->get_saved_variables()[0])};
  }
};

}  // namespace

// silu'(g) = s + g s (1 - s) with s = sigmoid(g).
Tensor swiglu_backward(const Tensor& grad, const Tensor& gate_up) {
  const int64_t width = gate_up.size(-1) / 2;
  const auto gate = gate_up.narrow(-1, 0, width), up = gate_up.narrow(-1, width, width);
  const auto s = at::sigmoid(gate);
  const auto silu = gate * s;
  auto out = at::empty_like(gate_up);
  auto d_up = out.narrow(-1, width, width);
  at::mul_out(d_up, grad, silu);
  // s + silu (1 - s) = s + silu - silu s
  auto slope = s + silu;
  slope.sub_(silu.mul(s)).mul_(up);
  auto d_gate = out.narrow(-1, 0, width);
  at::mul_out(d_gate, grad, slope);
  return out;
}

Tensor swiglu(const Tensor& gate_up) {
  if (at::GradMode::is_enabled() && gate_up.requires_grad()) return SwigluFunction::apply(gate_up);
  return plain_swiglu(gate_up);
}

}  // namespace lockstep::kernels::portable
