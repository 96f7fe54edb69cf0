// SPDX-License-Identifier: Apache-2.0
// Routed experts against a dense loop over all experts.
#include "kernels/experts.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace lockstep {

namespace {

constexpr int64_t kTokens = 11, kWidth = 6, kInner = 5, kExperts = 4, kSlots = 2;

// Every expert on every token, weighted by a gate that is zero where the expert was not chosen.
Tensor dense_ref(const Tensor& x, const Tensor& experts, const Tensor& weights, const Tensor& gate_up, const Tensor& down) {
  auto gates = at::zeros({x.size(0), gate_up.size(0)}).scatter(1, experts, weights);
  auto out = at::zeros_like(x);
  for (int64_t e = 0; e < gate_up.size(0); ++e) {
    const auto h = x.matmul(gate_up[e].t());
    const auto a = at::silu(h.narrow(1, 0, kInner)) * h.narrow(1, kInner, kInner);
    out = out + a.matmul(down[e].t()) * gates.select(1, e).unsqueeze(1);
  }
  return out;
}

}  // namespace

TEST_CASE("routed experts equal the dense loop over all experts, value and every gradient") {
  at::manual_seed(1);
  // Expert 3 gets no token: its gradient is zero, not undefined.
  const auto experts = std::get<1>(at::rand({kTokens, kExperts - 1}).sort(1)).narrow(1, 0, kSlots).contiguous();
  const std::vector<Tensor> inputs = {at::randn({kTokens, kWidth}), at::rand({kTokens, kSlots}),
                                      at::randn({kExperts, 2 * kInner, kWidth}), at::randn({kExperts, kWidth, kInner})};
  std::vector<Tensor> a, b;
  for (const auto& x : inputs) {
    a.push_back(x.clone().set_requires_grad(true));
    b.push_back(x.clone().set_requires_grad(true));
  }
  Tensor counts;
  const auto ours = kernels::routed_experts(a[0], experts, a[1], {a[2]}, {a[3]}, &counts);
  const auto theirs = dense_ref(b[0], experts, b[1], b[2], b[3]);
  CHECK((ours - theirs).abs().max().item<double>() < 1e-5);
  CHECK(counts.sum().item<int64_t>() == kTokens * kSlots);
  CHECK(counts[3].item<int64_t>() == 0);
  const auto weight = at::randn_like(ours);
  (ours * weight).sum().backward();
  (theirs * weight).sum().backward();
  for (size_t i = 0; i < a.size(); ++i) CHECK((a[i].grad() - b[i].grad()).abs().max().item<double>() < 2e-5);
}

TEST_CASE("a token's output does not depend on its company") {
  at::manual_seed(2);
  const auto x = at::randn({kTokens, kWidth}), weights = at::rand({kTokens, kSlots});
  const auto experts = std::get<1>(at::rand({kTokens, kExperts}).sort(1)).narrow(1, 0, kSlots).contiguous();
  const auto gate_up = at::randn({kExperts, 2 * kInner, kWidth}), down = at::randn({kExperts, kWidth, kInner});
  const auto all = kernels::routed_experts(x, experts, weights, {gate_up}, {down}, nullptr);
  for (int64_t n = 0; n < kTokens; ++n) {
    const auto one = kernels::routed_experts(x.narrow(0, n, 1), experts.narrow(0, n, 1), weights.narrow(0, n, 1), {gate_up}, {down}, nullptr);
    CHECK(at::equal(one[0], all[n]));
  }
}

}  // namespace lockstep
