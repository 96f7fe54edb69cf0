// SPDX-License-Identifier: Apache-2.0
// RMSNorm in torch operations with its gradient written out (half the operations of composing it).
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

Tensor reciprocal_rms(const Tensor& x, double eps) { return (x * x).mean(-1, true).add_(eps).rsqrt_(); }

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& weight, double eps) {
    const auto xf = x.to(at::kFloat);
    const auto scale = reciprocal_rms(xf, eps);
    context->save_for_backward({x, weight, scale});
    return (xf * scale).mul_(weight.to(at::kFloat)).to(x.scalar_type());
  }

  // With n = x * scale: dx = scale * (g w - n * mean(g w n)), dw = sum over rows of g n.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &scale = saved[2];
    const auto g = grads[0].to(at::kFloat);
    const auto n = x.to(at::kFloat) * scale;
    const auto gn = g * n;
    const auto w = weight.to(at::kFloat);
    const auto mean = gn.matmul(w).unsqueeze(-1).div_(static_cast<double>(x.size(-1)));
    const auto dx = (g * w).sub_(n * mean).mul_(scale).to(x.scalar_type());
    const auto dw = gn.reshape({-1, x.size(-1)}).sum(0).to(weight.scalar_type());
    return {dx, dw, Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  if (at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad()))
    return RmsNormFunction::apply(x, weight, eps);
  const auto xf = x.to(at::kFloat);
  return (xf * reciprocal_rms(xf, eps)).mul_(weight.to(at::kFloat)).to(x.scalar_type());
}

ResidualNorm add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps) {
  const auto sum = x + delta;
  return {sum, rms_norm(sum, weight, eps)};
}

}  // namespace lockstep::kernels::portable
