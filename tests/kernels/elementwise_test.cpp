// SPDX-License-Identifier: Apache-2.0
// RMSNorm, SwiGLU and rotary embedding against composed operations and their laws.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"

namespace lockstep {

namespace {

// Largest difference of outputs and of gradients between two forms of the same function.
template <class F, class G>
double compare(const std::vector<Tensor>& inputs, F ours, G theirs) {
  std::vector<Tensor> a, b;
  for (const auto& x : inputs) {
    a.push_back(x.clone().set_requires_grad(true));
    b.push_back(x.clone().set_requires_grad(true));
  }
  const auto ya = ours(a), yb = theirs(b);
  const auto weight = at::randn_like(ya);
  (ya * weight).sum().backward();
  (yb * weight).sum().backward();
  double worst = at::max(at::abs(ya - yb)).item().toDouble();
  for (size_t i = 0; i < inputs.size(); ++i)
    worst = std::max(worst, at::max(at::abs(a[i].grad() - b[i].grad())).item().toDouble());
  return worst;
}

kernels::RopeRows rows_of(const Tensor& positions, int64_t half) {
  const auto angles = positions.to(at::kFloat).unsqueeze(1) * at::pow(100.0, -at::arange(half) / static_cast<double>(half));
  return {angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)};
}

}  // namespace

TEST_CASE("RMSNorm equals its formula, value and gradients") {
  at::manual_seed(1);
  const double worst = compare(
      {at::randn({7, 3, 16}), at::randn({16})},
      [](const auto& x) { return kernels::rms_norm(x[0], x[1], 1e-5); },
      [](const auto& x) { return x[0] / (x[0].pow(2).mean(-1, true) + 1e-5).sqrt() * x[1]; });
  CHECK(worst < 2e-5);
}

TEST_CASE("RMSNorm of bf16 computes in f32 and rounds once") {
  at::manual_seed(2);
  const auto x = at::randn({5, 64}).to(at::kBFloat16), w = at::randn({64}).to(at::kBFloat16);
  const auto exact = kernels::rms_norm(x.to(at::kFloat), w.to(at::kFloat), 1e-6);
  CHECK(at::equal(kernels::rms_norm(x, w, 1e-6), exact.to(at::kBFloat16)));
}

TEST_CASE("the residual sum with its norm equals the two operations: bits of the values, gradients of all three inputs") {
  at::manual_seed(6);
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = at::randn({5, 50}).to(dtype), delta = at::randn({5, 50}).to(dtype), w = at::randn({50}).to(dtype);
    const auto fused = kernels::add_rms_norm(x, delta, w, 1e-6);
    CHECK(at::equal(fused.sum, x + delta));
    CHECK(at::equal(fused.y, kernels::rms_norm(x + delta, w, 1e-6)));
  }
  const auto mix = at::randn({16, 16});
  const double worst = compare(
      {at::randn({7, 16}), at::randn({7, 16}), at::randn({16})},
      [&](const auto& x) {
        const auto out = kernels::add_rms_norm(x[0], x[1], x[2], 1e-5);
        return out.sum + out.y.matmul(mix);
      },
      [&](const auto& x) {
        const auto sum = x[0] + x[1];
        return sum + (sum / (sum.pow(2).mean(-1, true) + 1e-5).sqrt() * x[2]).matmul(mix);
      });
  CHECK(worst < 5e-5);
}

TEST_CASE("the residual sum with its norm: either output alone carries its gradient") {
  at::manual_seed(7);
  const std::vector<Tensor> inputs = {at::randn({4, 16}), at::randn({4, 16}), at::randn({16})};
  CHECK(compare(
            inputs, [](const auto& x) { return kernels::add_rms_norm(x[0], x[1], x[2], 1e-5).y; },
            [](const auto& x) { return kernels::rms_norm(x[0] + x[1], x[2], 1e-5); }) < 1e-5);
  CHECK(compare(
            inputs, [](const auto& x) { return kernels::add_rms_norm(x[0], x[1], x[2], 1e-5).sum + 0 * x[2].sum(); },
            [](const auto& x) { return x[0] + x[1] + 0 * x[2].sum(); }) == 0);
}

TEST_CASE("rows that are stored in a cache, rotated or not, are those rows, and the others stay") {
  at::manual_seed(8);
  const auto places = at::tensor({4, 0, 3}, at::kLong);
  const auto rows = rows_of(at::tensor({1, 4, 9}), 4);
  for (const auto dtype : {at::kFloat, at::kBFloat16})
    for (const bool is_slice : {false, true}) {
      const auto wide = at::randn({3, 5, 11}).to(dtype);
      const auto x = is_slice ? wide.narrow(1, 1, 2).narrow(2, 2, 8) : wide.narrow(1, 1, 2).narrow(2, 2, 8).contiguous();
      for (const auto layout : {kernels::RopeLayout::half_split, kernels::RopeLayout::interleaved}) {
        const auto whole = at::randn({6, 2, 12}).to(dtype);
        const auto store = is_slice ? whole.narrow(2, 3, 8) : whole.narrow(2, 3, 8).contiguous();
        const auto expected = store.clone();
        expected.index_copy_(0, places, kernels::rope(x, rows, layout));
        kernels::store_rope(x, rows, layout, places, store);
        CHECK(at::equal(store, expected));
        expected.index_copy_(0, places, x);
        kernels::store_rows(x, places, store);
        CHECK(at::equal(store, expected));
      }
    }
}

TEST_CASE("SwiGLU equals silu(gate) * up, value and gradient") {
  at::manual_seed(3);
  const double worst = compare(
      {at::randn({9, 12}) * 3}, [](const auto& x) { return kernels::swiglu(x[0]); },
      [](const auto& x) { return at::silu(x[0].narrow(-1, 0, 6)) * x[0].narrow(-1, 6, 6); });
  CHECK(worst < 1e-5);
}

TEST_CASE("the rotation keeps lengths, depends on relative positions only, and its gradient is the inverse rotation") {
  at::manual_seed(4);
  for (const auto layout : {kernels::RopeLayout::half_split, kernels::RopeLayout::interleaved}) {
    const auto q = at::randn({1, 2, 8}), k = at::randn({1, 2, 8});
    const auto score = [&](int64_t m, int64_t n) {
      const auto a = kernels::rope(q, rows_of(at::tensor({m}), 4), layout), b = kernels::rope(k, rows_of(at::tensor({n}), 4), layout);
      CHECK((a.norm() - q.norm()).abs().item<double>() < 1e-5);
      return (a * b).sum().item<double>();
    };
    CHECK(score(3, 1) == doctest::Approx(score(12, 10)).epsilon(1e-5));
    CHECK(std::abs(score(3, 1) - score(3, 2)) > 1e-4);
    const auto rows = rows_of(at::tensor({5}), 4);
    const auto x = q.clone().set_requires_grad(true);
    const auto y = kernels::rope(x, rows, layout);
    y.backward(y.detach());  // J^T y = J^T J x = x for a rotation
    CHECK((x.grad() - q).abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("position 0 rotates nothing, and both layouts are the same rotation under a permutation") {
  at::manual_seed(5);
  const auto x = at::randn({3, 1, 8});
  const auto zero = rows_of(at::tensor({0, 0, 0}), 4), rows = rows_of(at::tensor({1, 4, 9}), 4);
  CHECK(at::equal(kernels::rope(x, zero, kernels::RopeLayout::half_split), x));
  const auto order = at::tensor({0, 2, 4, 6, 1, 3, 5, 7});  // interleaved pairs to halves
  const auto a = kernels::rope(x, rows, kernels::RopeLayout::interleaved).index_select(2, order);
  const auto b = kernels::rope(x.index_select(2, order), rows, kernels::RopeLayout::half_split);
  CHECK((a - b).abs().max().item<double>() < 1e-6);
}

}  // namespace lockstep
