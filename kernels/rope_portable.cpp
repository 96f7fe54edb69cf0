// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding in torch operations.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

// The two elements of each pair as views of x.
std::pair<Tensor, Tensor> pair_views(const Tensor& x, RopeLayout layout) {
  const int64_t half = x.size(-1) / 2;
  if (layout == RopeLayout::half_split) return {x.narrow(-1, 0, half), x.narrow(-1, half, half)};
  const auto pairs = x.unflatten(-1, {half, 2});
  return {pairs.select(-1, 0), pairs.select(-1, 1)};
}

// (a, b) -> (a cos - b sin, b cos + a sin); `sign` -1 rotates backwards.
Tensor rotate(const Tensor& x, const RopeRows& rows, RopeLayout layout, double sign) {
  const auto source = x.to(at::kFloat);
  auto out = at::empty(source.sizes(), source.options());
  const auto [a, b] = pair_views(source, layout);
  auto [out_a, out_b] = pair_views(out, layout);
  at::mul_out(out_a, a, rows.cos);
  out_a.addcmul_(b, rows.sin, -sign);
  at::mul_out(out_b, b, rows.cos);
  out_b.addcmul_(a, rows.sin, sign);
  return out.to(x.scalar_type());
}

struct RopeFunction : torch::autograd::Function<RopeFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& x,
                        const Tensor& cos,
                        const Tensor& sin,
                        bool is_interleaved) {
    context->save_for_backward({cos, sin});
    context->saved_data["interleaved"] = is_interleaved;
    return rotate(x, {cos, sin}, is_interleaved ? RopeLayout::interleaved : RopeLayout::half_split, 1.0);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto layout =
        context->saved_data["interleaved"].toBool() ? RopeLayout::interleaved : RopeLayout::half_split;
    return {rotate(grads[0], {saved[0], saved[1]}, layout, -1.0), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor rope(const Tensor& x, const RopeRows& rows, RopeLayout layout) {
  if (at::GradMode::is_enabled() && x.requires_grad())
    return RopeFunction::apply(x, rows.cos, rows.sin, layout == RopeLayout::interleaved);
  return rotate(x, rows, layout, 1.0);
}

void store_rope(const Tensor& x, const RopeRows& rows, RopeLayout layout, const Tensor& cache_rows, const Tensor& cache) {
  store_rows(rotate(x, rows, layout, 1.0), cache_rows, cache);
}

void store_rows(const Tensor& x, const Tensor& cache_rows, const Tensor& cache) { cache.index_copy_(0, cache_rows, x); }

}  // namespace lockstep::kernels::portable
