// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding through our CPU kernel.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cpu/rope.h"
#include "kernels/cpu/rope_angles.h"
#include "kernels/native.h"
#include "kernels/native_views.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor rotate(const Tensor& input, const Tensor& cos, const Tensor& sin, bool is_interleaved, bool is_backward) {
  const auto x = input.stride(2) == 1 ? input : input.contiguous();
  auto y = at::empty(x.sizes(), x.options());
  const cpu::Rope call{.rows = x.size(0), .heads = x.size(1), .width = x.size(2),
                       .pairs = is_interleaved ? cpu::RopePairs::interleaved : cpu::RopePairs::half_split,
                       .dtype = dtype_of(x),
                       .x = x.const_data_ptr(), .x_row_stride = x.stride(0), .x_head_stride = x.stride(1),
                       .y = y.mutable_data_ptr(), .y_row_stride = y.stride(0), .y_head_stride = y.stride(1),
                       .cos = cos.const_data_ptr<float>(), .sin = sin.const_data_ptr<float>()};
  is_backward ? cpu::rope_backward(call) : cpu::rope(call);
  return y;
}

struct RopeFunction : torch::autograd::Function<RopeFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& cos, const Tensor& sin, bool is_interleaved) {
    context->save_for_backward({cos, sin});
    context->saved_data["interleaved"] = is_interleaved;
    return rotate(x, cos, sin, is_interleaved, false);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    return {rotate(grads[0], saved[0], saved[1], context->saved_data["interleaved"].toBool(), true), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

}  // namespace lockstep::kernels::native

namespace lockstep::kernels {

RopeRows native_rope_rows(const Tensor& inverse, const Tensor& positions, double factor) {
  const int64_t n = positions.size(0), half = inverse.size(0);
  RopeRows out{at::empty({n, 1, half}, at::kFloat), at::empty({n, 1, half}, at::kFloat)};
  cpu::rope_angles({.rows = n, .half_width = half, .positions = positions.const_data_ptr<int64_t>(),
                    .inverse = inverse.const_data_ptr<float>(), .factor = factor,
                    .cos = out.cos.mutable_data_ptr<float>(), .sin = out.sin.mutable_data_ptr<float>()});
  return out;
}

}  // namespace lockstep::kernels

namespace lockstep::kernels::native {

Tensor rope(const Tensor& x, const RopeRows& rows, RopeLayout layout) {
  const bool is_interleaved = layout == RopeLayout::interleaved;
  if (at::GradMode::is_enabled() && x.requires_grad()) return RopeFunction::apply(x, rows.cos, rows.sin, is_interleaved);
  return rotate(x, rows.cos, rows.sin, is_interleaved, false);
}

}  // namespace lockstep::kernels::native
