// SPDX-License-Identifier: Apache-2.0
// Options of GRPO's update that need the model: entropy, the KL in the reward, token-weighted advantages, when to correct.
#include <doctest/doctest.h>

#include <cmath>

#include "base/text.h"
#include "rl/kl_reward.h"
#include "rl/supervised_update.h"
#include "tests/rl/random_rollout.h"

namespace lockstep::test {

TEST_CASE(
    "grpo update: the same with an entropy bonus and with the policy's term on the tokens of most entropy, however it "
    "is cut") {
  auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 4, 8);
  for (const char* loss_type : {"grpo", "cispo", "sapo"})
    for (double share : {1.0, 0.4})
      for (double coef : {0.0, 0.05}) {
        CAPTURE(loss_type);
        CAPTURE(share);
        CAPTURE(coef);
        auto config = config_of(loss_type);
        config.loss.epsilon_high = 1.5;
        config.loss.top_entropy_quantile = share;
        config.loss.entropy_coef = coef;
        config.mask_truncated_completions = true;
        const auto samples = rl::rollout_advantages(rollout, config).samples;
        double loss = 0;
        const auto expected = autograd(m, [&](const model::Transformer& own) {
          const auto value = direct_loss(own, rollout, samples, config, nullptr);
          loss = value.item().toDouble();
          return value;
        });
        for (int64_t max_tokens : {1 << 20, 32}) {
          config.learner.max_tokens = max_tokens;
          const auto update = update_of(m, rollout, samples, config, 2);
          CHECK(std::abs(update.metrics.loss - loss) <= 1e-5);
          CHECK(relative_distance(update.gradients, expected) <= 1e-5);
          if (share < 1) CHECK(update.metrics.num_bonus_tokens < 0.5 * update.metrics.num_tokens);
        }
      }
}

TEST_CASE(
    "grpo update: a KL in the reward is the summed log-ratio to the reference, subtracted before the advantages, and "
    "no term of the loss") {
  auto m = tiny_model(tiny_llama());
  const auto reference = tiny_model(tiny_llama(), 2);
  auto rollout = random_rollout(m, 4, 9);
  auto config = config_of("grpo", 0.1);
  config.loss.use_kl_in_reward = true;
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const auto before = rl::rollout_advantages(rollout, config);
  for (int64_t max_tokens : {1 << 20, 24}) {
    config.learner.max_tokens = max_tokens;
    rollout.kl = rl::rollout_kl(rollout, rl::rollout_logprobs(learner, rollout, config, reference), config.loss);
    REQUIRE(rollout.kl.sums.size() == 4 * kGroupSize);
    for (size_t g = 0, flat = 0; g < 4; ++g)
      for (const auto& completion : rollout.groups[g].completions) {
        const c10::NoGradGuard no_grad;
        const auto ref = row_logprobs(reference, rollout.prompts[g].ids, completion.ids);
        double sum = 0;
        for (size_t t = 0; t < completion.logprobs.size(); ++t)
          sum += static_cast<double>(completion.logprobs[t]) - static_cast<double>(ref.const_data_ptr<float>()[t]);
        CHECK(rollout.kl.sums[flat++] == doctest::Approx(sum).epsilon(1e-5).scale(1));
      }
  }
  auto penalised = rollout;
  penalised.kl = {};
  for (size_t g = 0, flat = 0; g < 4; ++g)
    for (auto& sample : penalised.scores[g].samples) sample.reward.value -= 0.1 * rollout.kl.sums[flat++];
  const auto after = rl::rollout_advantages(rollout, config);
  CHECK(after.stats.advantages == rl::rollout_advantages(penalised, config).stats.advantages);
  CHECK(after.stats.advantages != before.stats.advantages);
  CHECK(after.stats.reward_mean == before.stats.reward_mean);
  CHECK(after.stats.num_zero_std == 1);
  auto without = config;
  without.loss = {};
  const auto update = update_of(m, rollout, after.samples, config, 1, &reference),
             plain = update_of(m, rollout, after.samples, without);
  CHECK(update.metrics.loss == plain.metrics.loss);
  for (size_t i = 0; i < plain.gradients.size(); ++i) CHECK(at::equal(update.gradients[i], plain.gradients[i]));
}

TEST_CASE(
    "grpo update: the reinforce++ baseline weighs samples by their tokens and leaves out those that could not be "
    "scored") {
  const auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 4, 10);
  auto config = config_of();
  config.advantage.adv_estimator = "reinforce_plus_plus_baseline";
  const auto samples = rl::rollout_advantages(rollout, config).samples;
  double sum = 0, squares = 0, count = 0;
  for (const auto& s : samples) {
    const auto tokens = static_cast<double>(rollout.groups[s.group].completions[s.index].ids.size());
    sum += tokens * s.advantage, squares += tokens * s.advantage * s.advantage, count += tokens;
  }
  CHECK(std::abs(sum) <= 1e-9 * count);
  CHECK(squares / (count - 1) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE(
    "grpo update: in a later update of a corrected rollout the ratio is to the policy before the first, the weight "
    "that policy over the sampler") {
  auto m = tiny_model(tiny_llama());
  const auto before = tiny_model(tiny_llama(), 3);  // stands for the policy at the first update
  auto rollout = random_rollout(m, 3, 11);
  rollout.is_exact = false;
  auto config = config_of("grpo");
  config.loss.importance_sampling_clip_max = 1e9;
  config.loss.epsilon = 1e9;
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const auto old = rl::rollout_logprobs(learner, rollout, config, before);
  const auto samples = rl::rollout_advantages(rollout, config).samples;
  const auto metrics = rl::accumulate_grpo(learner, rollout, samples, config, {.old = &old});
  // Without bounds rho c = pi / pi_sampler, whatever the policy between them: as if the sampler were the old policy.
  const auto corrected = gradients_of(m);
  auto direct = config;
  direct.loss.importance_sampling_correction = "off";
  const auto expected = update_of(m, rollout, samples, direct);
  CHECK(metrics.loss == doctest::Approx(expected.metrics.loss).epsilon(1e-4));
  CHECK(relative_distance(corrected, expected.gradients) <= 1e-4);
  CHECK(metrics.ratio_sum != doctest::Approx(expected.metrics.ratio_sum).epsilon(1e-3));
  CHECK(metrics.num_corrections == metrics.num_tokens);
}

TEST_CASE("grpo update: the MTP loss is that of the completions, and detached it moves the module alone") {
  auto model_config = tiny_deepseek();
  model_config.num_nextn_predict_layers = 1;
  auto m = tiny_model(model_config);
  const auto rollout = random_rollout(m, 4, 8);
  auto config = config_of();
  const auto samples = rl::rollout_advantages(rollout, config).samples;
  const auto without = update_of(m, rollout, samples, config, 2);
  std::vector<rl::TextRow> rows;
  for (const auto& s : samples)
    if (s.has_loss && s.advantage != 0) rows.push_back({rollout.prompts[s.group].ids, rollout.groups[s.group].completions[s.index].ids});
  base::ThreadPool pool(2);
  rl::Learner learner(m, 2, pool);
  const double expected = rl::accumulate_supervised(learner, rows, 1.0, 1 << 20).mtp_loss;
  config.mtp_loss_coef = 0.5;
  for (const bool is_detached : {true, false})
    for (const int64_t max_tokens : {1 << 20, 40}) {
      config.mtp_detach = is_detached;
      config.learner.max_tokens = max_tokens;
      const auto with = update_of(m, rollout, samples, config, 2);
      CHECK(with.metrics.loss == doctest::Approx(without.metrics.loss).epsilon(1e-6));
      CHECK(with.metrics.mtp_loss_sum / with.metrics.num_mtp_tokens == doctest::Approx(expected).epsilon(1e-5));
      double trunk = 0, module = 0;
      for (size_t i = 0; i < m.parameters().size(); ++i) {
        if (!with.gradients[i].defined()) continue;
        const auto before = without.gradients[i].defined() ? without.gradients[i] : at::zeros_like(with.gradients[i]);
        const double change = (with.gradients[i] - before).abs().max().item<double>() / (1e-3 + before.abs().max().item<double>());
        const bool is_module = m.parameters()[i].name.find(cat("layers.", model_config.num_hidden_layers, ".")) != std::string::npos;
        (is_module ? module : trunk) = std::max(is_module ? module : trunk, change);
      }
      CHECK(module > 1e-3);
      if (is_detached)
        CHECK(trunk < 1e-3);
      else
        CHECK(trunk > 1e-2);
    }
}

TEST_CASE("grpo update: the correction is for rollouts that are not exact, unless it is said to be on or off") {
  rl::Rollout rollout;
  rl::LossConfig config;
  for (bool is_exact : {true, false}) {
    rollout.is_exact = is_exact;
    config.importance_sampling_correction = "auto";
    CHECK(rl::corrects_sampler(rollout, config) != is_exact);
    config.importance_sampling_correction = "on";
    CHECK(rl::corrects_sampler(rollout, config));
    config.importance_sampling_correction = "off";
    CHECK_FALSE(rl::corrects_sampler(rollout, config));
  }
}

}  // namespace lockstep::test
