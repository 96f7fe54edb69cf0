// SPDX-License-Identifier: Apache-2.0
// GRPO's update: what it skips changes nothing, however it is cut; minibatches are partitions of whole groups.
#include "rl/grpo_update.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "kernels/backend.h"
#include "tests/rl/random_rollout.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

std::set<std::pair<size_t, size_t>> keys_of(const std::vector<rl::TrainSample>& samples) {
  std::set<std::pair<size_t, size_t>> keys;
  for (const auto& s : samples) keys.emplace(s.group, s.index);
  return keys;
}

}  // namespace

TEST_CASE("grpo update: loss and gradient are those of the definition, skipped samples included") {
  auto m = tiny_model(tiny_llama());
  const auto reference = tiny_model(tiny_llama(), 2);
  const auto rollout = random_rollout(m, 4, 1);
  for (const char* loss_type : {"grpo", "dapo", "dr_grpo", "bnpo"})
    for (double beta : {0.0, 0.04})
      for (bool masks_truncated : {false, true}) {
        CAPTURE(loss_type);
        CAPTURE(beta);
        CAPTURE(masks_truncated);
        auto config = config_of(loss_type, beta);
        config.mask_truncated_completions = masks_truncated;
        const auto samples = rl::rollout_advantages(rollout, config).samples;
        const auto* kl_model = beta > 0 ? &reference : nullptr;
        double loss = 0;
        const auto expected = autograd(m, [&](const model::Transformer& own) {
          const auto value = direct_loss(own, rollout, samples, config, kl_model);
          loss = value.item().toDouble();
          return value;
        });
        const auto update = update_of(m, rollout, samples, config, 1, kl_model);
        CHECK(std::abs(update.metrics.loss - loss) <= 1e-5);
        CHECK(relative_distance(update.gradients, expected) <= 1e-5);
      }
}

// Every token was drawn with a probability that is 1/2 of the learner's: its advantage counts double, or as much as the clip allows.
TEST_CASE("grpo update: a rollout that is not exact is weighed by truncated importance sampling, with the policy as its own old one") {
  auto m = tiny_model(tiny_llama());
  auto rollout = random_rollout(m, 4, 3);
  const auto with_logprobs_moved_by = [&](float amount) {
    for (size_t g = 0; g < rollout.groups.size(); ++g)
      for (auto& completion : rollout.groups[g].completions) {
        const c10::NoGradGuard no_grad;
        const auto own = row_logprobs(m, rollout.prompts[g].ids, completion.ids);
        for (size_t t = 0; t < completion.logprobs.size(); ++t) completion.logprobs[t] = own.const_data_ptr<float>()[t] + amount;
      }
    return rollout;
  };
  for (const char* loss_type : {"grpo", "dapo", "dr_grpo", "bnpo"}) {
    CAPTURE(loss_type);
    auto config = config_of(loss_type);
    const auto samples = rl::rollout_advantages(rollout, config).samples;
    const auto exact = update_of(m, with_logprobs_moved_by(0), samples, config);
    auto quantised = with_logprobs_moved_by(-static_cast<float>(std::log(2.0)));
    quantised.is_exact = false;
    for (const auto& [clip_max, factor] : {std::pair{3.0, 2.0}, std::pair{1.5, 1.5}}) {
      config.loss.importance_sampling_clip_max = clip_max;
      const auto update = update_of(m, quantised, samples, config);
      for (size_t i = 0; i < exact.gradients.size(); ++i) {
        const auto wanted = exact.gradients[i] * factor;
        const double scale = wanted.abs().max().item().toDouble();
        CHECK((update.gradients[i] - wanted).abs().max().item().toDouble() <= 1e-5 * scale + 1e-9);
      }
      CHECK(update.metrics.logp_difference_max == doctest::Approx(std::log(2.0)).epsilon(1e-4));
    }
  }
}

TEST_CASE("grpo update: micro-batches and shards do not change loss and gradient") {
  for (const auto& model_config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(model_config);
    const auto reference = tiny_model(model_config, 2);
    const auto rollout = random_rollout(m, 5, 2);
    for (const char* level : {"token", "sequence"}) {
      auto config = config_of("grpo", 0.02);
      config.loss.importance_sampling_level = level;
      const auto samples = rl::rollout_advantages(rollout, config).samples;
      const auto whole = update_of(m, rollout, samples, config, 1, &reference);
      for (int num_shards : {1, 2, 3})
        for (int64_t max_tokens : {16, 64}) {
          config.learner.max_tokens = max_tokens;
          const auto cut = update_of(m, rollout, samples, config, num_shards, &reference);
          CHECK(std::abs(cut.metrics.loss - whole.metrics.loss) <= 1e-6);
          CHECK(cut.metrics.num_tokens == whole.metrics.num_tokens);
          CHECK(relative_distance(cut.gradients, whole.gradients) <= 1e-5);
        }
    }
  }
}

TEST_CASE("grpo update: without KL, samples of advantage 0 are not computed") {
  auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 4, 3);
  const auto config = config_of();
  auto samples = rl::rollout_advantages(rollout, config).samples;
  const auto whole = update_of(m, rollout, samples, config);
  double tokens = 0;
  for (auto& s : samples)
    if (s.advantage != 0) tokens += static_cast<double>(rollout.groups[s.group].completions[s.index].ids.size());
  CHECK(whole.metrics.num_tokens == tokens);
  for (auto& s : samples) s.advantage = 0;
  const auto nothing = update_of(m, rollout, samples, config);
  CHECK(nothing.metrics.loss == 0);
  for (const auto& gradient : nothing.gradients) CHECK_FALSE(gradient.defined());
}

TEST_CASE("grpo update: masked truncated completions give no gradient but count as samples") {
  auto m = tiny_model(tiny_llama());
  auto rollout = random_rollout(m, 3, 4);
  auto config = config_of();
  config.mask_truncated_completions = true;
  const auto some = rl::rollout_advantages(rollout, config);
  for (const auto& s : some.samples)
    CHECK(s.has_loss == (rollout.groups[s.group].completions[s.index].finish != FinishReason::length));
  for (auto& group : rollout.groups)
    for (auto& completion : group.completions) completion.finish = FinishReason::length;
  const auto all = rl::rollout_advantages(rollout, config);
  CHECK(all.samples.size() == some.samples.size());
  for (const char* loss_type : {"grpo", "dapo", "bnpo"}) {
    config.loss.loss_type = loss_type;
    const auto update = update_of(m, rollout, all.samples, config);
    CHECK(update.metrics.loss == 0);
    for (const auto& gradient : update.gradients) CHECK_FALSE(gradient.defined());
  }
}

TEST_CASE("grpo update: advantages are those of the whole rollout, without samples that no reward could score") {
  const auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 4, 5);
  const auto advantages = rl::rollout_advantages(rollout, config_of());
  CHECK(advantages.samples.size() == 4 * kGroupSize - 1);
  CHECK(advantages.stats.num_valid == 4 * kGroupSize - 1);
  CHECK_FALSE(keys_of(advantages.samples).contains({2, 1}));
  std::vector<double> sums(4, 0.0);
  for (const auto& s : advantages.samples) {
    CHECK(s.advantage == advantages.stats.advantages[s.group * kGroupSize + s.index]);
    sums[s.group] += s.advantage;
    if (s.group == 1) CHECK(s.advantage == 0);
  }
  for (double sum : sums) CHECK(std::abs(sum) <= 1e-9);
}

TEST_CASE("grpo update: normalize_then_sum gives each reward the same say, whatever its scale") {
  const auto m = tiny_model(tiny_llama());
  auto rollout = random_rollout(m, 4, 8);
  base::Random random(8, "second reward");
  for (auto& group : rollout.scores)
    for (auto& sample : group.samples)
      sample.reward.parts = {{.value = sample.reward.value}, {.value = 1e6 * random.uniform()}};
  auto config = config_of();
  config.advantage.multi_objective_aggregation = "normalize_then_sum";
  const std::vector<double> weights = {1, 1};
  const auto advantages = rl::rollout_advantages(rollout, config, weights);
  CHECK(advantages.samples.size() == 4 * kGroupSize - 1);
  CHECK(advantages.stats.advantages[2 * kGroupSize + 1] == 0);  // nobody scored it
  for (auto& group : rollout.scores)
    for (auto& sample : group.samples) sample.reward.parts[1].value *= 1e-3;
  const auto scaled = rl::rollout_advantages(rollout, config, weights);
  for (size_t i = 0; i < advantages.samples.size(); ++i)
    CHECK(scaled.samples[i].advantage == doctest::Approx(advantages.samples[i].advantage).epsilon(1e-4));
}

TEST_CASE("grpo update: minibatches are a partition into whole groups with unchanged advantages") {
  const auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 7, 6);
  auto config = config_of();
  const auto advantages = rl::rollout_advantages(rollout, config);
  for (int parts : {1, 2, 3, 7, 50}) {
    config.num_minibatches = parts;
    const auto minibatches = rl::split_minibatches(advantages, 7, config, 11, 3, 0);
    CHECK(minibatches.size() == static_cast<size_t>(std::min(parts, 7)));
    std::set<std::pair<size_t, size_t>> seen;
    std::vector<size_t> part_of(7, 99);
    for (size_t p = 0; p < minibatches.size(); ++p)
      for (const auto& s : minibatches[p]) {
        CHECK(seen.emplace(s.group, s.index).second);
        CHECK((part_of[s.group] == 99 || part_of[s.group] == p));
        part_of[s.group] = p;
        CHECK(s.advantage == advantages.stats.advantages[s.group * kGroupSize + s.index]);
      }
    CHECK(seen == keys_of(advantages.samples));
  }
}

TEST_CASE("grpo update: the split is a function of seed, step and iteration") {
  const auto m = tiny_model(tiny_llama());
  const auto rollout = random_rollout(m, 12, 7);
  auto config = config_of();
  config.num_minibatches = 3;
  const auto advantages = rl::rollout_advantages(rollout, config);
  const auto split = [&](uint64_t seed, int64_t step, int iteration) {
    std::vector<std::set<std::pair<size_t, size_t>>> keys;
    for (const auto& part : rl::split_minibatches(advantages, 12, config, seed, step, iteration)) keys.push_back(keys_of(part));
    return keys;
  };
  CHECK(split(1, 2, 0) == split(1, 2, 0));
  CHECK(split(1, 2, 0) != split(2, 2, 0));
  CHECK(split(1, 2, 0) != split(1, 3, 0));
  CHECK(split(1, 2, 0) != split(1, 2, 1));
}

TEST_CASE("grpo update: a difference between sampler and learner on an on-policy step is an Error, unless told otherwise") {
  rl::LossMetrics metrics;
  rl::GrpoConfig config;
  CHECK_NOTHROW(rl::check_on_policy(metrics, config, at::kCPU, 3));
  metrics.logp_difference_max = 1e-9;
  check_error([&] { rl::check_on_policy(metrics, config, at::kCPU, 3); },
              "the learner's log-probabilities differ from those that the sampler recorded, by up to 1e-09", "grpo, step 3",
              "lockstep check parity");
  kernels::set_backend(kernels::Backend::portable);  // promises nothing
  CHECK_NOTHROW(rl::check_on_policy(metrics, config, at::kCPU, 3));
  kernels::set_backend(kernels::Backend::automatic);
  config.logp_mismatch = "log";
  CHECK_NOTHROW(rl::check_on_policy(metrics, config, at::kCPU, 3));
}

}  // namespace lockstep::test
