// SPDX-License-Identifier: Apache-2.0
// Linear layers: native against torch operations in f64, gradients, rearranged weights, rows alone and together.
#include "kernels/linear.h"

#include <ATen/ATen.h>

#include "kernels/backend.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

Tensor random(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) { return at::randn(sizes).to(type); }

double distance(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>() / (b.to(at::kDouble).norm().item<double>() + 1e-9);
}

}  // namespace

TEST_CASE("linear: value and gradients of rows, weight and bias are those of f64") {
  at::manual_seed(1);
  for (const auto& [type, tolerance] : {std::pair{at::kFloat, 2e-6}, std::pair{at::kBFloat16, 1e-2}})
    for (const auto& [n, k, o] : {std::tuple{1, 7, 5}, std::tuple{33, 128, 70}, std::tuple{5, 64, 200}}) {
      CAPTURE(n);
      auto x = random({n, k}, type).requires_grad_(), w = random({o, k}, type).requires_grad_(), b = random({o}, type).requires_grad_();
      const auto g = random({n, o}, type);
      const auto y = kernels::linear(x, {w}, b);
      y.backward(g);
      const auto xd = x.detach().to(at::kDouble), wd = w.detach().to(at::kDouble), gd = g.to(at::kDouble);
      CHECK((y.scalar_type() == type));
      CHECK(distance(y, xd.matmul(wd.t()) + b.detach().to(at::kDouble)) <= tolerance);
      CHECK(distance(x.grad(), gd.matmul(wd)) <= tolerance);
      CHECK(distance(w.grad(), gd.t().matmul(xd)) <= tolerance);
      CHECK(distance(b.grad(), gd.sum(0)) <= tolerance);
    }
}

TEST_CASE("linear: a row's bits are its own: alone, among others, with rearranged weights, with gradients on") {
  at::manual_seed(2);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto x = random({37, 100}, type);
    kernels::Weight w{random({150, 100}, type)};
    const auto together = kernels::linear(x, w);
    for (int64_t n = 0; n < 37; n += 5) CHECK(at::equal(kernels::linear(x.narrow(0, n, 1), w), together.narrow(0, n, 1)));
    const auto strided = at::cat({x, x}, 1).narrow(1, 100, 100);
    CHECK(at::equal(kernels::linear(strided, w), together));
    CHECK(at::equal(kernels::linear(x.clone().requires_grad_(), w).detach(), together));
    kernels::pack(w);
    REQUIRE(w.packed);
    CHECK(at::equal(kernels::linear(x, w), together));
  }
}

TEST_CASE("heads_linear: value and gradients are those of f64, for slices and transposed weights") {
  at::manual_seed(3);
  auto wide = random({9, 4, 30}).requires_grad_(), w = random({4, 20, 24}).requires_grad_();
  const auto g = random({9, 4, 24});
  const auto y = kernels::heads_linear(wide.narrow(2, 5, 20), w.transpose(1, 2));
  y.backward(g);
  const auto x = wide.detach().narrow(2, 5, 20).to(at::kDouble).transpose(0, 1), wd = w.detach().to(at::kDouble);
  const auto gd = g.to(at::kDouble).transpose(0, 1);
  CHECK(distance(y, x.bmm(wd).transpose(0, 1)) <= 2e-6);
  CHECK(distance(wide.grad().narrow(2, 5, 20), gd.bmm(wd.transpose(1, 2)).transpose(0, 1)) <= 2e-6);
  CHECK(wide.grad().narrow(2, 0, 5).abs().max().item<double>() == 0);
  CHECK(distance(w.grad(), x.transpose(1, 2).bmm(gd)) <= 2e-6);
}

TEST_CASE("linear: the portable backend gives the same up to rounding and rearranges nothing") {
  at::manual_seed(4);
  const auto x = random({8, 64});
  kernels::Weight w{random({32, 64})};
  const auto native = kernels::linear(x, w);
  kernels::set_backend(kernels::Backend::portable);
  kernels::pack(w);
  CHECK_FALSE(w.packed);
  CHECK(distance(kernels::linear(x, w), native) <= 1e-6);
  kernels::set_backend(kernels::Backend::automatic);
}

}  // namespace lockstep::test
