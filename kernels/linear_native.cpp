// SPDX-License-Identifier: Apache-2.0
// Linear layers through our matrix products, with their gradients.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernels/backend.h"
#include "kernels/native.h"
#include "kernels/native_views.h"
#include "kernels/packed_weight.h"

namespace lockstep::kernels {

void pack(Weight& weight, WeightFormat format) {
  if (!weight.defined() || !is_native(weight.value)) {
    weight.packed = nullptr;
    return;
  }
  const auto value = weight.value.dim() == 3 ? weight.value : weight.value.unsqueeze(0);
  auto packed = std::make_shared<PackedWeight>(value, format);
  native::by_dtype(value, [&]<class T>() {
    const int64_t panels = (value.size(1) + cpu::kPanelOutputs - 1) / cpu::kPanelOutputs;
    SharedWork::for_parts(value.size(0) * panels, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin / panels; i * panels < end; ++i)
        packed->pack(native::view<T>(value.select(0, i)), i, {std::max<int64_t>(0, begin - i * panels), end - i * panels});
    });
  });
  weight.packed = std::move(packed);
}

namespace native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor product(const Tensor& a, const Tensor& b) {
  auto out = at::empty({a.size(0), b.size(1)}, a.options());
  multiply(a, b, out);
  return out;
}

// The sum of the rows, one after the other: [O].
Tensor row_sum(const Tensor& rows) {
  return product(at::ones({1, 1}, rows.options()).expand({1, rows.size(0)}), rows).squeeze(0);
}

Tensor forward(const Tensor& x, const Weight& weight) {
  auto out = at::empty({x.size(0), weight.value.size(0)}, x.options());
  if (!weight.packed) {
    multiply(x, weight.value.t(), out);
    return out;
  }
  by_dtype(x, [&]<class T>() {
    weight.packed->visit<T>([&](const auto& matrices) { multiply_packed(view<T>(x), matrices, out); });
  });
  return out;
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight) {
    context->save_for_backward({x, weight});
    return native::forward(x, {weight});
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    Tensor dx, dw;
    if (context->needs_input_grad(0)) dx = product(grads[0], saved[1]);
    if (context->needs_input_grad(1)) dw = product(grads[0].t(), saved[0]);
    return {dx, dw};
  }
};

struct BiasFunction : torch::autograd::Function<BiasFunction> {
  static Tensor forward(AutogradContext*, const Tensor& x, const Tensor& bias) { return x + bias; }
  static variable_list backward(AutogradContext*, variable_list grads) { return {grads[0], row_sum(grads[0])}; }
};

// One product per head; `out` [N, H, O].
void per_head(const Tensor& x, const Tensor& weight, const Tensor& out) {
  for (int64_t h = 0; h < weight.size(0); ++h) multiply(x.select(1, h), weight.select(0, h).t(), out.select(1, h));
}

struct HeadsFunction : torch::autograd::Function<HeadsFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight) {
    context->save_for_backward({x, weight});
    auto out = at::empty({x.size(0), weight.size(0), weight.size(1)}, x.options());
    per_head(x, weight, out);
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &g = grads[0];
    Tensor dx, dw;
    if (context->needs_input_grad(0)) {
      dx = at::empty(x.sizes(), x.options());
      per_head(g, weight.transpose(1, 2), dx);
    }
    if (context->needs_input_grad(1)) {
      dw = at::empty(weight.sizes(), weight.options());
      for (int64_t h = 0; h < weight.size(0); ++h) multiply(g.select(1, h).t(), x.select(1, h), dw.select(0, h));
    }
    return {dx, dw};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) {
  const bool has_grad = at::GradMode::is_enabled() && (x.requires_grad() || weight.value.requires_grad());
  const auto out = has_grad ? LinearFunction::apply(x, weight.value) : forward(x, weight);
  if (!bias.defined()) return out;
  return has_grad ? BiasFunction::apply(out, bias) : out + bias;
}

Tensor heads_linear(const Tensor& x, const Tensor& weight) { return HeadsFunction::apply(x, weight); }

}  // namespace native
}  // namespace lockstep::kernels
