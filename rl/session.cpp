// SPDX-License-Identifier: Apache-2.0
// Setting up a run's shared parts.
#include "rl/session.h"

#include "base/rng.h"

namespace lockstep::rl {

Session::Session(const RunConfig& c)
    : config(c),
      folder(c),
      pool(base::default_num_threads()),
      policy(make_policy(c, folder.file("tokenizer"))),
      engine(policy.transformer, policy.tokenizer.get(), c.engine, pool) {
  if (!c.rewards.empty()) rewards = std::make_unique<RewardSet>(c.rewards, c.seed);
  if (!c.eval.data.task.empty() || !c.eval.data.file.empty())
    held_out = std::make_unique<PromptSet>(c.eval.data, /*is_eval=*/true, c.prompt, *policy.tokenizer, c.seed);
}

EvalResult Session::evaluate(int num_samples) {
  // One seed for all evaluations of a run: differences between steps are differences of the weights.
  return rl::evaluate(engine, *held_out, *rewards, config.eval.num_prompts, num_samples, config.eval.sampling,
                      base::derive_key(config.seed, "evaluation"));
}

}  // namespace lockstep::rl
