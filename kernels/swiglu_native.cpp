// SPDX-License-Identifier: Apache-2.0
// SwiGLU's activation through our CPU kernel.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cpu/swiglu.h"
#include "kernels/native.h"
#include "kernels/native_views.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor forward(const Tensor& gate_up) {
  auto out = at::empty({gate_up.size(0), gate_up.size(1) / 2}, gate_up.options());
  for_row_parts(out.size(0), gate_up.size(1), [&](int64_t begin, int64_t end) {
    cpu::swiglu({.rows = end - begin, .width = out.size(1), .dtype = dtype_of(out),
                 .gate_up = row_of(gate_up, begin), .gate_up_stride = gate_up.stride(0),
                 .y = mutable_row_of(out, begin), .y_stride = out.stride(0)});
  });
  return out;
}

struct SwigluFunction : torch::autograd::Function<SwigluFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& gate_up) {
    context->save_for_backward({gate_up});
    return native::forward(gate_up);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    return {swiglu_backward(grads[0].contiguous(), context->get_saved_variables()[0])};
  }
};

}  // namespace

Tensor swiglu_backward(const Tensor& grad, const Tensor& gate_up) {
  auto out = at::empty(gate_up.sizes(), gate_up.options());
  for_row_parts(grad.size(0), gate_up.size(1), [&](int64_t begin, int64_t end) {
    cpu::swiglu_grad({.rows = end - begin, .width = grad.size(1), .dtype = dtype_of(out),
                      .gate_up = row_of(gate_up, begin), .g = row_of(grad, begin), .d_gate_up = mutable_row_of(out, begin),
                      .gate_up_stride = gate_up.stride(0), .g_stride = grad.stride(0), .d_gate_up_stride = out.stride(0)});
  });
  return out;
}

Tensor swiglu(const Tensor& gate_up) {
  if (at::GradMode::is_enabled() && gate_up.requires_grad()) return SwigluFunction::apply(gate_up);
  return forward(gate_up);
}

}  // namespace lockstep::kernels::native
