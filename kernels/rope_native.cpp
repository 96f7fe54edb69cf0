// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding through our CPU kernel.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstddef>
#include <cstring>

#include "kernels/cpu/rope.h"
#include "kernels/cpu/rope_angles.h"
#include "kernels/native.h"
#include "kernels/native_views.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cpu::Rope make_call(const Tensor& x, const Tensor& y, const Tensor& cos, const Tensor& sin, bool is_interleaved) {
  return {.rows = x.size(0), .heads = x.size(1), .width = x.size(2),
          .pairs = is_interleaved ? cpu::RopePairs::interleaved : cpu::RopePairs::half_split,
          .dtype = dtype_of(x),
          .x = x.const_data_ptr(), .x_row_stride = x.stride(0), .x_head_stride = x.stride(1),
          .y = y.mutable_data_ptr(), .y_row_stride = y.stride(0), .y_head_stride = y.stride(1),
          .cos = cos.const_data_ptr<float>(), .sin = sin.const_data_ptr<float>()};
}

Tensor with_adjacent_elements(const Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); }

Tensor rotate(const Tensor& input, const Tensor& cos, const Tensor& sin, bool is_interleaved, bool is_backward) {
  const auto x = with_adjacent_elements(input);
  auto y = at::empty(x.sizes(), x.options());
  const auto call = make_call(x, y, cos, sin, is_interleaved);
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

void store_rope(const Tensor& x, const RopeRows& rows, RopeLayout layout, const Tensor& cache_rows, const Tensor& cache) {
  auto call = make_call(with_adjacent_elements(x), cache, rows.cos, rows.sin, layout == RopeLayout::interleaved);
  call.y_rows = cache_rows.const_data_ptr<int64_t>();
  cpu::rope(call);
}

void store_rows(const Tensor& x, const Tensor& cache_rows, const Tensor& cache) {
  const auto source = with_adjacent_elements(x);
  const bool has_adjacent_heads = source.stride(1) == x.size(2) && cache.stride(1) == x.size(2);
  const int64_t heads = has_adjacent_heads ? 1 : x.size(1);
  const auto bytes = static_cast<int64_t>(x.element_size());
  const auto run = static_cast<size_t>((has_adjacent_heads ? x.size(1) : 1) * x.size(2) * bytes);
  const auto* rows = cache_rows.const_data_ptr<int64_t>();
  const auto* from = static_cast<const std::byte*>(source.const_data_ptr());
  auto* to = static_cast<std::byte*>(cache.mutable_data_ptr());
  for (int64_t n = 0; n < x.size(0); ++n)
    for (int64_t h = 0; h < heads; ++h)
      std::memcpy(to + (rows[n] * cache.stride(0) + h * cache.stride(1)) * bytes,
                  from + (n * source.stride(0) + h * source.stride(1)) * bytes, run);
}

}  // namespace lockstep::kernels::native
