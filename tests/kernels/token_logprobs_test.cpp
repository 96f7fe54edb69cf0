// SPDX-License-Identifier: Apache-2.0
// Token log-probabilities against log_softmax, kept and recomputed.
#include "kernels/token_logprobs.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace lockstep {

namespace {

void compare(int64_t rows, int64_t vocab, double temperature) {
  CAPTURE(rows);
  CAPTURE(vocab);
  at::manual_seed(1);
  const auto h = at::randn({rows, 16}), w = at::randn({vocab, 16});
  const auto targets = at::randint(vocab, {rows}, at::kLong);
  std::vector<Tensor> a = {h.clone().set_requires_grad(true), w.clone().set_requires_grad(true)};
  std::vector<Tensor> b = {h.to(at::kDouble).set_requires_grad(true), w.to(at::kDouble).set_requires_grad(true)};
  const auto ours = kernels::token_logprobs(a[0], a[1], targets, temperature, true);
  const auto logp = at::log_softmax(b[0].matmul(b[1].t()) / temperature, -1);
  const auto theirs = logp.gather(1, targets.unsqueeze(1)).squeeze(1);
  CHECK((ours.logprobs - theirs).abs().max().item<double>() < 1e-5);
  CHECK((ours.entropy + (logp.exp() * logp).sum(-1)).abs().max().item<double>() < 1e-5);
  const auto weight = at::randn({rows});
  (ours.logprobs * weight).sum().backward();
  (theirs * weight).sum().backward();
  for (int i = 0; i < 2; ++i) {
    const double scale = b[i].grad().abs().max().item<double>();
    CHECK((a[i].grad() - b[i].grad()).abs().max().item<double>() < 1e-5 * (1 + scale));
  }
}

}  // namespace

TEST_CASE("token log-probabilities and entropy equal log_softmax, value and gradients") {
  compare(7, 33, 1.0);
  compare(7, 33, 0.7);
}

TEST_CASE("a vocabulary too large to keep is worked through in chunks and recomputed for the gradient") {
  compare(70, 131072, 1.0);  // 9.2M logits: two chunks, nothing kept
}

TEST_CASE("the entropy has a gradient, alone and beside that of the log-probabilities") {
  for (const auto& [rows, vocab] : {std::pair<int64_t, int64_t>{7, 33}, {70, 131072}})
    for (const bool with_logprobs : {false, true}) {
      at::manual_seed(3);
      const auto h = at::randn({rows, 16}), w = at::randn({vocab, 16}) * 0.5, weight = at::randn({rows});
      const auto targets = at::randint(vocab, {rows}, at::kLong);
      const auto a = h.clone().set_requires_grad(true), b = w.clone().set_requires_grad(true);
      const auto c = h.to(at::kDouble).set_requires_grad(true), d = w.to(at::kDouble).set_requires_grad(true);
      const auto ours = kernels::token_logprobs(a, b, targets, 0.7, true);
      const auto logp = at::log_softmax(c.matmul(d.t()) / 0.7, -1);
      const auto theirs = logp.gather(1, targets.unsqueeze(1)).squeeze(1), entropy = (logp.exp() * logp).sum(-1).neg();
      ((ours.entropy * weight).sum() + (with_logprobs ? ours.logprobs.sum() : at::zeros({}))).backward();
      ((entropy * weight).sum() + (with_logprobs ? theirs.sum() : at::zeros({}, at::kDouble))).backward();
      for (const auto& [mine, right] : {std::pair{a.grad(), c.grad()}, {b.grad(), d.grad()}})
        CHECK((mine - right).abs().max().item<double>() < 1e-5 * (1 + right.abs().max().item<double>()));
    }
}

TEST_CASE("rows with zero gradient contribute exactly nothing") {
  at::manual_seed(2);
  const auto h = at::randn({4, 8}).set_requires_grad(true), w = at::randn({9, 8}).set_requires_grad(true);
  const auto targets = at::tensor({int64_t{1}, int64_t{2}, int64_t{3}, int64_t{4}});
  const auto mask = at::tensor({1.0f, 0.0f, 1.0f, 0.0f});
  (kernels::token_logprobs(h, w, targets, 1.0, false).logprobs * mask).sum().backward();
  CHECK(h.grad()[1].abs().sum().item<double>() == 0.0);
  CHECK(h.grad()[3].abs().sum().item<double>() == 0.0);
}

}  // namespace lockstep
