// SPDX-License-Identifier: Apache-2.0
// The sequence-wise balance loss: its extremes, its slope, sequences apart from each other, and its effect on a batch.
#include "rl/balance_loss.h"

#include <cmath>

#include "rl/supervised_update.h"
#include "tests/rl/tiny_rows.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

using Router = kernels::RouterOptions;

Router router(Router::Scoring scoring, int64_t k) {
  Router out;
  out.scoring = scoring;
  out.num_experts_per_tok = k;
  return out;
}

double value_of(const Tensor& logits, const std::vector<int64_t>& offsets, const Router& r, double num_sequences = 1) {
  double value = 0;
  rl::sequence_balance_loss(logits, offsets, r, num_sequences, &value);
  return value;
}

Tensor normals(int64_t rows, int64_t columns, uint64_t seed) {
  base::Random random(seed, "balance");
  std::vector<double> values;
  for (int64_t i = 0; i < rows * columns; ++i) values.push_back(random.normal());
  return at::tensor(values, at::kDouble).view({rows, columns});
}

}  // namespace

TEST_CASE("balance loss: 1 when experts are used evenly, E / K when K of them get everything") {
  for (const auto scoring : {Router::Scoring::softmax, Router::Scoring::sigmoid}) {
    auto even = at::zeros({4, 4}, at::kDouble) - 30;
    for (int64_t t = 0; t < 4; ++t) even[t][t] = 30;
    CHECK(value_of(even, {0, 4}, router(scoring, 1)) == doctest::Approx(1));
    auto all = at::zeros({5, 8}, at::kDouble) - 30;
    all.narrow(1, 2, 2).fill_(30);
    CHECK(value_of(all, {0, 5}, router(scoring, 2)) == doctest::Approx(4));
  }
}

TEST_CASE("balance loss: the gradient is the slope while the chosen stay the same") {
  for (const auto scoring : {Router::Scoring::softmax, Router::Scoring::sigmoid}) {
    const auto r = router(scoring, 2);
    const std::vector<int64_t> offsets = {0, 3, 3, 7};
    auto logits = normals(7, 5, 4).requires_grad_(true);
    double value = 0;
    rl::sequence_balance_loss(logits, offsets, r, 2, &value).backward();
    for (int64_t i = 0; i < logits.numel(); ++i) {
      constexpr double kStep = 1e-6;
      const auto moved = [&](double by) {
        auto copy = logits.detach().clone();
        copy.view({-1})[i] += by;
        return value_of(copy, offsets, r, 2);
      };
      const double slope = (moved(kStep) - moved(-kStep)) / (2 * kStep);
      CHECK(logits.grad().view({-1})[i].item<double>() == doctest::Approx(slope).epsilon(1e-4).scale(1e-6));
    }
  }
}

TEST_CASE("balance loss: sequences are judged apart and added up") {
  const auto r = router(Router::Scoring::sigmoid, 2);
  const auto a = normals(4, 6, 1), b = normals(5, 6, 2);
  const double apart = value_of(a, {0, 4}, r, 2) + value_of(b, {0, 5}, r, 2);
  CHECK(value_of(at::cat({a, b}), {0, 4, 9}, r, 2) == doctest::Approx(apart));
  CHECK(value_of(at::cat({a, b}), {0, 9}, r) != doctest::Approx(apart));
}

TEST_CASE("balance loss: in a supervised update it does not depend on the packing, and its gradient reaches the router") {
  auto m = tiny_model(tiny_deepseek());
  base::Random random(3, "rows");
  std::vector<rl::TextRow> rows;
  for (int i = 0; i < 6; ++i) rows.push_back({random_ids(random, i % 2 * 4), random_ids(random, random.between(2, 9))});
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const auto run = [&](int64_t max_tokens, double alpha) {
    const auto metrics = rl::accumulate_supervised(learner, rows, 0, max_tokens, alpha);
    return std::pair(metrics, gradients_of(m));
  };
  const auto [plain, plain_gradient] = run(1 << 20, 0);
  const auto [whole, gradient] = run(1 << 20, 0.1);
  const auto [cut, cut_gradient] = run(16, 0.1);
  CHECK(plain.aux_loss == 0);
  CHECK(whole.loss == plain.loss);
  CHECK(whole.aux_loss == doctest::Approx(cut.aux_loss).epsilon(1e-6));
  CHECK(whole.aux_loss >= 0.5);
  CHECK(relative_distance(cut_gradient, gradient) <= 1e-5);
  double router_change = 0;
  for (size_t i = 0; i < m.parameters().size(); ++i)
    if (m.parameters()[i].name.ends_with("mlp.gate.weight") && gradient[i].defined())
      router_change = std::max(router_change, (gradient[i] - plain_gradient[i]).abs().max().item<double>());
  CHECK(router_change > 1e-6);
}

}  // namespace lockstep::test
