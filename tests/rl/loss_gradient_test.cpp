// SPDX-License-Identifier: Apache-2.0
// Derivatives of the loss: finite differences in f64 for every option, and the closed forms of the paper.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/rl/loss_batch.h"

namespace lockstep {
using test::evaluate;
using test::LossBatch;

namespace {

const std::vector<const char*> kTypes = {"grpo", "dapo", "dr_grpo", "bnpo", "sapo", "luspo", "gspo", "r1", "cispo", "vespo", "reinforce"};

// A constant multiplies log pi: there the loss is no function whose slope the gradient is, unless pi_old moves along.
bool has_constant_weight(const rl::LossConfig& config) {
  return config.loss_type == "cispo" || config.loss_type == "vespo" || config.loss_type == "reinforce";
}

std::vector<rl::LossConfig> every_config() {
  std::vector<rl::LossConfig> out;
  for (const char* type : kTypes)
    for (const char* level : {"token", "sequence", "product"}) {
      const rl::LossConfig plain{.loss_type = type, .importance_sampling_level = level};
      out.push_back(plain);
      rl::LossConfig config = plain;
      config.beta = 0.3, config.epsilon_high = 0.28;
      for (const char* kl : {"k1", "k2", "k3"}) {
        config.kl_loss_type = kl;
        out.push_back(config);
        if (has_constant_weight(config)) continue;
        auto corrected = config;
        corrected.use_bias_correction_kl = true, corrected.delta = 1.5;
        out.push_back(corrected);
      }
      config.epsilon = 10, config.epsilon_high.reset();
      out.push_back(config);
      config = plain;
      config.clip_ratio_c = 1.4;
      out.push_back(config);
    }
  return out;
}

// What weighs or masks the policy's term, beside an entropy bonus.
std::vector<rl::LossConfig> every_weighted_config() {
  std::vector<rl::LossConfig> out;
  for (const char* type : kTypes)
    for (const char* mode : {"token_truncate", "token_mask", "sequence_truncate", "sequence_mask"}) {
      rl::LossConfig config{.beta = 0.2, .loss_type = type, .importance_sampling_mode = mode, .importance_sampling_clip_max = 1.2};
      out.push_back(config);
      config.importance_sampling_clip_min = 0.9, config.off_policy_mask_threshold = 0.02;
      out.push_back(config);
      config.top_entropy_quantile = 0.4, config.entropy_coef = 0.3;
      out.push_back(config);
    }
  return out;
}

double loss_at(LossBatch batch, const rl::LossConfig& config, size_t token, double shift) {
  const auto totals = batch.totals(config);
  batch.logprobs[token] += shift;
  if (has_constant_weight(config)) {
    batch.old[token] += shift;
    if (!batch.sampling.empty()) batch.sampling[token] += shift;
  }
  return rl::grpo_loss(batch.input(), totals, config).loss.item().toDouble();
}

void check_slopes(const LossBatch& batch, const rl::LossConfig& config) {
  CAPTURE(base::dump(config).dump());
  const auto exact = evaluate(batch, config);
  for (size_t t = 0; t < batch.logprobs.size(); ++t) {
    const double h = 1e-6;  // no ratio of these batches lies within h of a bound
    const double difference = (loss_at(batch, config, t, h) - loss_at(batch, config, t, -h)) / (2 * h);
    CHECK(exact.gradient[t] == doctest::Approx(difference).epsilon(1e-6).scale(0.01));
  }
}

}  // namespace

TEST_CASE("loss: the gradient equals finite differences for every loss type, ratio level, KL and clip") {
  for (double spread : {0.05, 0.4}) {
    LossBatch batch = LossBatch::random({4, 2, 5}, 11, spread);
    batch.mask[7] = 0;
    for (const rl::LossConfig& config : every_config()) check_slopes(batch, config);
  }
}

TEST_CASE("loss: the same with importance weights, masks of samples and tokens, and an entropy bonus") {
  LossBatch batch = LossBatch::random({4, 2, 5, 3}, 12, 0.2).with_sampler_and_entropy(13, 0.15);
  batch.mask[7] = 0;
  for (const rl::LossConfig& config : every_weighted_config()) check_slopes(batch, config);
}

TEST_CASE("loss: the entropy's gradient equals finite differences, and is that of -coef times its mean") {
  LossBatch batch = LossBatch::random({4, 2, 5}, 14, 0.2).with_sampler_and_entropy(15, 0);
  batch.mask[3] = 0;
  for (const char* type : kTypes)
    for (double share : {1.0, 0.5}) {
      const rl::LossConfig config{.beta = 0.1, .loss_type = type, .entropy_coef = 0.3, .top_entropy_quantile = share};
      const auto totals = batch.totals(config);
      const double num_counted = share < 1 ? totals.num_entropy_tokens : totals.num_tokens;
      const auto exact = evaluate(batch, config, totals);
      for (size_t t = 0; t < batch.entropy.size(); ++t) {
        const bool counts = batch.mask[t] != 0 && batch.entropy[t] >= totals.entropy_threshold;
        CHECK(exact.entropy_gradient[t] == (counts ? -0.3 / num_counted : 0.0));
        LossBatch above = batch, below = batch;  // in steps that do not carry it over the threshold
        above.entropy[t] += 1e-6, below.entropy[t] -= counts && batch.entropy[t] - 1e-6 < totals.entropy_threshold ? 0 : 1e-6;
        const double step = above.entropy[t] - below.entropy[t];
        const double slope = (evaluate(above, config, totals).loss - evaluate(below, config, totals).loss) / step;
        CHECK(exact.entropy_gradient[t] == doctest::Approx(slope).epsilon(1e-6).scale(0.01));
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

TEST_CASE("loss: the dual clip is verl's, max(min(rho A, clip(rho) A), c A) for A < 0, and delta's bound where c > 1 + epsilon_high") {
  for (double ratio : {0.3, 0.9, 1.1, 1.3, 2.9, 3.1, 50.0})
    for (double advantage : {-1.5, -0.2, 0.7}) {
      LossBatch batch = LossBatch::random({1}, 3, 0);
      batch.logprobs[0] = batch.old[0] + std::log(ratio);
      batch.advantages[0] = advantage;
      const double clipped = std::min(ratio * advantage, std::min(std::max(ratio, 0.8), 1.2) * advantage);
      const double expected = advantage < 0 ? std::max(clipped, 3 * advantage) : clipped;
      const auto out = evaluate(batch, {.clip_ratio_c = 3.0}), bounded = evaluate(batch, {.delta = 3.0});
      CHECK(out.loss == doctest::Approx(-expected).epsilon(1e-12));
      CHECK(out.loss == doctest::Approx(bounded.loss).epsilon(1e-12));
      CHECK(out.gradient == bounded.gradient);
      CHECK(out.metrics.dual_sum == (advantage < 0 && ratio > 3));
      if (advantage < 0 && ratio > 3) CHECK(out.gradient[0] == 0);
    }
}

TEST_CASE("loss: a ratio beyond all bounds leaves a finite loss and gradient, whatever the type") {
  LossBatch batch = LossBatch::random({2}, 3, 0);
  batch.old[0] = -2000;
  for (const char* type : kTypes)
    for (double advantage : {-1.0, 1.0}) {
      CAPTURE(type);
      batch.advantages = {advantage, advantage};
      const auto out = evaluate(batch, {.epsilon_high = 5, .loss_type = type});
      CHECK(std::isfinite(out.loss));
      for (double slope : out.gradient) CHECK(std::isfinite(slope));
    }
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
