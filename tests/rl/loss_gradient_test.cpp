// SPDX-License-Identifier: Apache-2.0
// Derivatives of the loss: finite differences in f64 for every option, and the closed forms of the paper.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/rl/loss_batch.h"

namespace lockstep {
using test::evaluate;
using test::LossBatch;

namespace {

std::vector<rl::LossConfig> every_config() {
  std::vector<rl::LossConfig> out;
  for (const char* type : {"grpo", "dapo", "dr_grpo", "bnpo"}) {
    for (const char* level : {"token", "sequence", "product"}) {
      rl::LossConfig config{.loss_type = type, .importance_sampling_level = level};
      out.push_back(config);
      config.beta = 0.3, config.epsilon_high = 0.28;
      out.push_back(config);
      config.use_bias_correction_kl = true, config.delta = 1.5;
      out.push_back(config);
      config.epsilon = 10, config.epsilon_high.reset();
      out.push_back(config);
    }
  }
  return out;
}

double loss_at(LossBatch batch, const rl::LossConfig& config, size_t token, double shift) {
  batch.logprobs[token] += shift;
  return rl::grpo_loss(batch.input(), batch.totals(), config).loss.item().toDouble();
}

}  // namespace

TEST_CASE("loss: the gradient equals finite differences for every loss type, ratio level, KL and clip") {
  for (double spread : {0.05, 0.4}) {
    LossBatch batch = LossBatch::random({4, 2, 5}, 11, spread);
    batch.mask[7] = 0;
    for (const rl::LossConfig& config : every_config()) {
      CAPTURE(config.loss_type);
      CAPTURE(config.importance_sampling_level);
      const auto exact = evaluate(batch, config);
      for (size_t t = 0; t < batch.logprobs.size(); ++t) {
        const double h = 1e-6;  // no ratio of these batches lies within h of a clip bound
        const double difference = (loss_at(batch, config, t, h) - loss_at(batch, config, t, -h)) / (2 * h);
        CHECK(exact.gradient[t] == doctest::Approx(difference).epsilon(1e-6).scale(0.01));
      }
    }
  }
}

TEST_CASE("loss: on policy, dJ / dlog pi_it = (A_i - beta (1 - e^d)) / (G |o_i|)") {
  LossBatch batch = LossBatch::random({3, 1, 6}, 5, 0);
  const double beta = 0.04;
  const auto out = evaluate(batch, {.beta = beta});
  for (size_t t = 0; t < batch.logprobs.size(); ++t) {
    const double length = t < 3 ? 3 : t < 4 ? 1 : 6;
    const double d = batch.ref[t] - batch.logprobs[t];
    const double expected = -(batch.advantages[t] - beta * (1 - std::exp(d))) / (3 * length);
    CHECK(out.gradient[t] == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("loss: undefined old_logprobs mean the policy itself: ratio one, nothing clipped") {
  const LossBatch batch = LossBatch::random({3, 2}, 6, 0);
  rl::LossInput input = batch.input();
  input.old_logprobs = Tensor();
  const auto out = rl::grpo_loss(input, batch.totals(), {});
  out.loss.backward();
  CHECK(test::values(input.logprobs.grad()) == evaluate(batch, {}).gradient);
  CHECK(out.metrics.ratio_max == 1);
  CHECK(out.metrics.logp_difference_max == 0);
}

TEST_CASE("loss: the gradient is zero exactly where A > 0 and ratio > 1 + eps_high, or A < 0 and ratio < 1 - eps") {
  for (double epsilon : {0.2, 10.0}) {
    for (double advantage : {-1.0, 1.0}) {
      for (double ratio : {0.01, 0.5, 0.79, 0.81, 1.0, 1.19, 1.21, 3.0, 10.9, 11.1, 40.0}) {
        LossBatch batch = LossBatch::random({1}, 3, 0);
        batch.logprobs[0] = batch.old[0] + std::log(ratio);
        batch.advantages[0] = advantage;
        const bool is_clipped = advantage > 0 ? ratio > 1 + epsilon : ratio < 1 - epsilon;
        const double gradient = evaluate(batch, {.epsilon = epsilon}).gradient[0];
        CAPTURE(epsilon);
        CAPTURE(ratio);
        if (is_clipped)
          CHECK(gradient == 0);
        else
          CHECK(gradient == doctest::Approx(-ratio * advantage).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("loss: delta bounds the ratio of a negative advantage") {
  LossBatch batch = LossBatch::random({1}, 3, 0);
  batch.logprobs[0] = batch.old[0] + std::log(5.0);
  batch.advantages[0] = -2;
  CHECK(evaluate(batch, {}).loss == doctest::Approx(10));
  const auto bounded = evaluate(batch, {.delta = 4.0});
  CHECK(bounded.loss == doctest::Approx(8));
  CHECK(bounded.gradient[0] == 0);
}

TEST_CASE("loss: a group of equal rewards leaves the gradient of the KL term only") {
  LossBatch batch = LossBatch::random({3, 4}, 8, 0.1);
  for (double& a : batch.advantages) a = 0;
  CHECK(evaluate(batch, {}).gradient == test::List(7, 0.0));
  const auto out = evaluate(batch, {.beta = 0.5});
  for (size_t t = 0; t < 7; ++t) {
    const double slope = 1 - std::exp(batch.ref[t] - batch.logprobs[t]);
    CHECK(out.gradient[t] == doctest::Approx(0.5 * slope / (2 * (t < 3 ? 3 : 4))).epsilon(1e-12));
  }
}

TEST_CASE("loss: k3 is 0, 1 - ln 2 and ln 2 - 1/2 at d = 0, ln 2, -ln 2, and never negative") {
  const auto kl_at = [](double d) {
    LossBatch batch = LossBatch::random({1}, 3, 0);
    batch.ref[0] = batch.logprobs[0] + d;
    return evaluate(batch, {.beta = 1}).metrics.kl_sum;
  };
  CHECK(kl_at(0) == 0);
  CHECK(kl_at(std::log(2.0)) == doctest::Approx(0.30685).epsilon(1e-4));
  CHECK(kl_at(-std::log(2.0)) == doctest::Approx(0.19315).epsilon(1e-4));
  for (double d = -3; d < 3; d += 0.01) CHECK(kl_at(d) >= 0);
  for (double d : {1e-9, -1e-9, 1e-16}) CHECK(kl_at(d) >= 0);
}

}  // namespace lockstep
