// SPDX-License-Identifier: Apache-2.0
// RMSNorm through our CPU kernel, with its gradients.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cpu/rms_norm.h"
#include "kernels/native.h"
#include "kernels/native_views.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [N, D] or [N, H, D] as [N, H, D]: one call of the kernel per head, so that slices of wider rows need no copy.
Tensor by_heads(const Tensor& x) {
  const auto y = x.stride(-1) == 1 ? x : x.contiguous();
  return y.dim() == 2 ? y.unsqueeze(1) : y;
}

// `scale` [H, N] f32, or undefined when no gradient will ask for it.
Tensor forward(const Tensor& x, const Tensor& weight, double eps, const Tensor& scale) {
  const auto source = by_heads(x), w = weight.to(at::kFloat).contiguous();
  auto out = at::empty(x.sizes(), x.options());
  const auto target = by_heads(out);
  for (int64_t h = 0; h < source.size(1); ++h) {
    const auto from = source.select(1, h), to = target.select(1, h);
    float* const scales = scale.defined() ? scale.select(0, h).mutable_data_ptr<float>() : nullptr;
    for_row_parts(from.size(0), from.size(1), [&](int64_t begin, int64_t end) {
      cpu::rms_norm({.rows = end - begin, .width = from.size(1), .eps = static_cast<float>(eps),
                     .stream = dtype_of(x), .out = dtype_of(x),
                     .x = row_of(from, begin), .x_stride = from.stride(0), .weight = w.const_data_ptr<float>(),
                     .y = mutable_row_of(to, begin), .y_stride = to.stride(0), .scale = scales ? scales + begin : nullptr});
    });
  }
  return out;
}

// `add`: the gradient that reaches x past the norm, or undefined.
void backward(
    const Tensor& x, const Tensor& g, const Tensor& add, const Tensor& w, const float* scale, const Tensor& dx, float* dw) {
  const auto dtype = dtype_of(x);
  if (dx.defined())
    for_row_parts(x.size(0), x.size(1), [&](int64_t begin, int64_t end) {
      cpu::rms_norm_input_grad({.rows = end - begin, .width = x.size(1), .stream = dtype, .out = dtype,
                                .x = row_of(x, begin), .g = row_of(g, begin),
                                .add = add.defined() ? row_of(add, begin) : nullptr, .dx = mutable_row_of(dx, begin),
                                .x_stride = x.stride(0), .g_stride = g.stride(0),
                                .add_stride = add.defined() ? add.stride(0) : 0, .dx_stride = dx.stride(0),
                                .weight = w.const_data_ptr<float>(), .scale = scale + begin});
    });
  if (dw)
    cpu::rms_norm_weight_grad({.rows = x.size(0), .width = x.size(1), .stream = dtype, .out = dtype,
                               .x = x.const_data_ptr(), .g = g.const_data_ptr(), .x_stride = x.stride(0),
                               .g_stride = g.stride(0), .scale = scale, .dw = dw});
}

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, double eps) {
    const int64_t heads = x.dim() == 2 ? 1 : x.size(1);
    const auto scale = at::empty({heads, x.size(0)}, x.options().dtype(at::kFloat));
    context->save_for_backward({x, weight, scale});
    return native::forward(x, weight, eps, scale);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto source = by_heads(saved[0]), g = by_heads(grads[0]), w = saved[1].to(at::kFloat).contiguous();
    Tensor dx, dw;
    if (context->needs_input_grad(0)) dx = at::empty(saved[0].sizes(), saved[0].options());
    if (context->needs_input_grad(1)) dw = at::zeros(w.sizes(), w.options());
    const auto target = dx.defined() ? by_heads(dx) : Tensor();
    for (int64_t h = 0; h < source.size(1); ++h)
      native::backward(source.select(1, h), g.select(1, h), {}, w, saved[2].select(0, h).const_data_ptr<float>(),
                       dx.defined() ? target.select(1, h) : Tensor(), dw.defined() ? dw.mutable_data_ptr<float>() : nullptr);
    return {dx, dw.defined() ? dw.to(saved[1].scalar_type()) : dw, Tensor()};
  }
};

ResidualNorm add_forward(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps, const Tensor& scale) {
  const auto a = x.contiguous(), b = delta.contiguous(), w = weight.to(at::kFloat).contiguous();
  ResidualNorm out{at::empty(a.sizes(), a.options()), at::empty(a.sizes(), a.options())};
  const int64_t width = a.size(1);
  for_row_parts(a.size(0), width, [&](int64_t begin, int64_t end) {
    cpu::add_rms_norm({.delta = row_of(b, begin), .sum = mutable_row_of(out.sum, begin), .delta_stride = width, .sum_stride = width},
                      {.rows = end - begin, .width = width, .eps = static_cast<float>(eps), .stream = dtype_of(a), .out = dtype_of(a),
                       .x = row_of(a, begin), .x_stride = width, .weight = w.const_data_ptr<float>(),
                       .y = mutable_row_of(out.y, begin), .y_stride = width,
                       .scale = scale.defined() ? scale.mutable_data_ptr<float>() + begin : nullptr});
  });
  return out;
}

// Both summands have the same gradient: what reaches the sum directly, plus what reaches it through the norm.
struct AddRmsNormFunction : torch::autograd::Function<AddRmsNormFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& delta, const Tensor& weight, double eps) {
    const auto scale = at::empty({x.size(0)}, x.options().dtype(at::kFloat));
    const auto out = add_forward(x, delta, weight, eps, scale);
    context->save_for_backward({out.sum, weight, scale});
    context->set_materialize_grads(false);
    return {out.sum, out.y};
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &sum = saved[0], &weight = saved[1], &scale = saved[2];
    if (!grads[1].defined()) return {grads[0], grads[0], Tensor(), Tensor()};
    const auto g = grads[1].contiguous(), w = weight.to(at::kFloat).contiguous();
    const auto add = grads[0].defined() ? grads[0].contiguous() : Tensor();
    Tensor dx, dw;
    if (context->needs_input_grad(0) || context->needs_input_grad(1)) dx = at::empty(sum.sizes(), sum.options());
    if (context->needs_input_grad(2)) dw = at::zeros(w.sizes(), w.options());
    native::backward(sum, g, add, w, scale.const_data_ptr<float>(), dx, dw.defined() ? dw.mutable_data_ptr<float>() : nullptr);
    return {dx, dx, dw.defined() ? dw.to(weight.scalar_type()) : dw, Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  if (at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad()))
    return RmsNormFunction::apply(x, weight, eps);
  return forward(x, weight, eps, {});
}

ResidualNorm add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps) {
  if (at::GradMode::is_enabled() && (x.requires_grad() || delta.requires_grad() || weight.requires_grad())) {
    const auto out = AddRmsNormFunction::apply(x, delta, weight, eps);
    return {out[0], out[1]};
  }
  return add_forward(x, delta, weight, eps, {});
}

}  // namespace lockstep::kernels::native
