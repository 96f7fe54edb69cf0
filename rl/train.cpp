// SPDX-License-Identifier: Apache-2.0
// GRPO (DeepSeekMath section 4.1, arXiv:2402.03300): the loop that a reader opens first.
#include <optional>
#include <utility>

#include "rl/grpo_log.h"
#include "rl/grpo_update.h"
#include "rl/reference_model.h"
#include "rl/session.h"
#include "rl/stage.h"

namespace lockstep::rl {
namespace {

// P x G completions o_i and their rewards r_i; nullopt when a signal came while no rollout worker was there to draw them.
std::optional<Rollout> draw(Session& session, const GrpoConfig& config, const PromptSet& prompts, int64_t step) {
  const auto batch = prompts.slice(static_cast<uint64_t>(step) * config.num_prompts, config.num_prompts);  // P prompts
  try {
    auto rollout = run_rollout(session.engine, prompts, batch, config.num_generations, config.sampling, *session.rewards,
                               session.config.seed);
    rollout.is_exact = session.config.engine.quantization == "none";
    return rollout;
  } catch (const rollout::remote::Stopped&) {
    return std::nullopt;
  }
}

}  // namespace

StageEnd run_grpo(Session& session, const GrpoConfig& config) {
  Stage stage(session, "grpo", capped_steps(session.config, config.max_steps), config.learner, config.save);
  const PromptSet prompts(config.data, /*is_eval=*/false, session.config.prompt, *session.policy.tokenizer, session.config.seed);
  ReferenceModel reference(session.policy.transformer, config, stage);
  if (stage.is_done()) return StageEnd::already_done;
  GrpoLog log(session, config, stage);
  log.before();

  while (stage.step() < stage.num_steps()) {
    const int64_t step = stage.step();
    const auto drawn = draw(session, config, prompts, step);
    if (!drawn) {
      stage.stop();
      return StageEnd::stopped;
    }
    const Rollout& rollout = *drawn;
    log.rollout(rollout);
    const auto advantages = rollout_advantages(rollout, config, session.rewards->combined.weights());  // A_i = (r_i - mean) / std within the group
    bool is_on_policy = true;  // until the first update
    for (int iteration = 0; iteration < config.num_iterations; ++iteration)
      for (const auto& minibatch :
           split_minibatches(advantages, rollout.groups.size(), config, session.config.seed, step, iteration)) {
        const auto metrics = accumulate_grpo(stage.learner(), rollout, minibatch, config, reference.get());  // eq. 3
        if (std::exchange(is_on_policy, false) && rollout.is_exact)
          check_on_policy(metrics, config, stage.learner().model().options().device, step);
        log.update(metrics, stage.update(learning_rate(config.learner.schedule, step, stage.num_steps())));
      }
    reference.refresh_if_due(step + 1);
    const auto row = log.row(advantages);
    if (!stage.finish_step(row, log.note())) return StageEnd::stopped;
  }
  log.after();
  stage.finish();
  return StageEnd::done;
}

}  // namespace lockstep::rl
