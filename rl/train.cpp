// SPDX-License-Identifier: Apache-2.0
// GRPO (DeepSeekMath section 4.1, arXiv:2402.03300): the loop that a reader opens first.
#include <optional>
#include <utility>

#include "rl/dynamic_sampling.h"
#include "rl/entropy.h"
#include "rl/grpo_log.h"
#include "rl/grpo_update.h"
#include "rl/kl_reward.h"
#include "rl/reference_model.h"
#include "rl/session.h"
#include "rl/stage.h"

namespace lockstep::rl {
namespace {

// P x G completions o_i and their rewards r_i from the prompts that the stage's state points to; nullopt when a signal came while no
// rollout worker was there to draw them.
std::optional<Rollout> draw(Session& session, const GrpoConfig& config, const PromptSet& prompts, Stage& stage) {
  const auto draw_prompts = [&](uint64_t first, int64_t count) -> std::optional<Rollout> {
    try {
      auto rollout = run_rollout(session.engine, prompts, prompts.slice(first, count), config.num_generations, config.sampling,
                                 *session.rewards, session.config.seed, session.draws());
      rollout.is_exact = session.config.engine.quantization == "none";
      return rollout;
    } catch (const rollout::remote::Stopped&) {
      if (!session.world.is_alone()) throw;  // the other ranks wait for what was to be drawn
      return std::nullopt;
    }
  };
  const uint64_t in_order = static_cast<uint64_t>(stage.step()) * config.num_prompts;
  if (!config.dynamic_sampling.enable) return draw_prompts(in_order, config.num_prompts);
  uint64_t cursor = stage.state().value("prompt_cursor", in_order);
  auto rollout = draw_varied(config.dynamic_sampling, config.num_prompts, cursor, draw_prompts);
  stage.state()["prompt_cursor"] = cursor;
  return rollout;
}

RolloutKl kl_to(const model::Transformer& reference, Learner& learner, const Rollout& rollout, const GrpoConfig& config) {
  return rollout_kl(rollout, rollout_logprobs(learner, rollout, config, reference), config.loss);
}

// pi_old of a rollout whose own log-probabilities are another policy's; nullopt where the first update is the only one, which sees it.
std::optional<CompletionLogprobs> old_policy(Learner& learner, const Rollout& rollout, const GrpoConfig& config) {
  const bool has_one_update = config.num_iterations == 1 && config.num_minibatches == 1;
  if (has_one_update || !corrects_sampler(rollout, config.loss)) return std::nullopt;
  return rollout_logprobs(learner, rollout, config, learner.model());
}

}  // namespace

StageEnd run_grpo(Session& session, const GrpoConfig& config) {
  Stage stage(session, "grpo", capped_steps(session.config, config.max_steps), config.learner, config.save);
  const PromptSet prompts(config.data, /*is_eval=*/false, session.config.prompt, *session.policy.tokenizer, session.config.seed);
  ReferenceModel reference(session.policy.transformer, config, stage);
  if (stage.is_done()) return StageEnd::done;
  EntropyCoefficient entropy(config.loss, stage.state());
  GrpoLog log(session, config, stage);
  log.before();

  while (stage.step() < stage.num_steps()) {
    const int64_t step = stage.step();
    auto drawn = draw(session, config, prompts, stage);
    if (!drawn) {
      stage.stop();
      return StageEnd::stopped;
    }
    if (config.loss.use_kl_in_reward) drawn->kl = kl_to(*reference.get(), stage.learner(), *drawn, config);
    const Rollout& rollout = *drawn;
    log.rollout(rollout);
    const auto advantages = rollout_advantages(rollout, config, session.rewards->combined.weights());  // A_i
    const auto old = old_policy(stage.learner(), rollout, config);
    bool is_on_policy = true;  // until the first update
    for (int iteration = 0; iteration < config.num_iterations; ++iteration)
      for (const auto& minibatch :
           split_minibatches(advantages, rollout.groups.size(), config, session.config.seed, step, iteration)) {
        const UpdateContext context{reference.get(), entropy.applied(), old ? &*old : nullptr};
        const auto metrics = accumulate_grpo(stage.learner(), rollout, minibatch, config, context);  // eq. 3
        entropy.observe(metrics);
        if (std::exchange(is_on_policy, false) && rollout.is_exact)
          check_on_policy(metrics, config, stage.learner().model().options().device, step);
        log.update(metrics, stage.update(learning_rate(config.learner.schedule, step, config.max_steps)));
      }
    reference.refresh_if_due(step + 1);
    const auto row = log.row(advantages, entropy);
    if (!stage.finish_step(row, log.note())) return StageEnd::stopped;
  }
  log.after();
  stage.finish();
  return StageEnd::done;
}

}  // namespace lockstep::rl
