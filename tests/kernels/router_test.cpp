// SPDX-License-Identifier: Apache-2.0
// Expert choice: how many, which, with what weights.
#include "kernels/router.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <set>

namespace lockstep {

using Options = kernels::RouterOptions;

namespace {

Options v3_options() {
  Options o;
  o.scoring = Options::Scoring::sigmoid;
  o.group_score = Options::GroupScore::sum_of_top2;
  o.num_experts_per_tok = 4;
  o.n_group = 8;
  o.topk_group = 3;
  o.norm_topk_prob = true;
  o.norm_eps = 1e-20;
  o.routed_scaling_factor = 2.5;
  return o;
}

}  // namespace

TEST_CASE("DeepSeek-V3's gate: exactly K experts, at most M groups, weights sum to the scaling factor, whatever the bias") {
  at::manual_seed(1);
  const auto o = v3_options();
  // Negative biases are the trap: dropped groups must be -inf, not 0.
  for (const double shift : {0.0, -3.0, 12.0}) {
    const auto bias = at::randn({32}) + shift;
    const auto r = kernels::route(at::randn({50, 32}), bias, o);
    CHECK((r.weights.sum(1) - 2.5).abs().max().item<double>() < 1e-5);
    for (int64_t n = 0; n < 50; ++n) {
      std::set<int64_t> chosen, groups;
      for (int64_t k = 0; k < 4; ++k) {
        chosen.insert(r.experts[n][k].item<int64_t>());
        groups.insert(r.experts[n][k].item<int64_t>() / 4);
      }
      CHECK(chosen.size() == 4);
      CHECK(groups.size() <= 3);
    }
  }
}

TEST_CASE("the bias moves the choice and never the weights") {
  Options o;
  o.scoring = Options::Scoring::sigmoid;
  o.num_experts_per_tok = 2;
  const auto logits = at::tensor({0.1f, 0.2f, 0.3f, 0.4f}).unsqueeze(0);
  const auto r = kernels::route(logits, at::tensor({5.0f, 0.0f, 0.0f, 4.0f}), o);
  CHECK(at::equal(r.experts, at::tensor({int64_t{0}, int64_t{3}}).unsqueeze(0)));
  CHECK((r.weights - at::sigmoid(at::tensor({0.1f, 0.4f}))).abs().max().item<double>() < 1e-6);
}

TEST_CASE("ties go to the lowest index") {
  Options o;
  o.num_experts_per_tok = 3;
  const auto r = kernels::route(at::zeros({2, 6}), {}, o);
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t k = 0; k < 3; ++k) CHECK(r.experts[n][k].item<int64_t>() == k);
}

TEST_CASE("the weights' gradient reaches the logits and the choice has none") {
  auto o = v3_options();
  at::manual_seed(2);
  const auto logits = at::randn({3, 32}).set_requires_grad(true);
  const auto r = kernels::route(logits, at::zeros({32}), o);
  r.weights.select(1, 0).sum().backward();
  CHECK(logits.grad().abs().sum().item<double>() > 0);
  const auto touched = (logits.grad() != 0).sum(1);
  CHECK(touched.max().item<int64_t>() <= 4);  // only the chosen experts' scores
}

}  // namespace lockstep
