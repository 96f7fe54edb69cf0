// SPDX-License-Identifier: Apache-2.0
// Setting up a run's shared parts.
#include "rl/session.h"

#include "base/log.h"
#include "base/rng.h"
#include "base/signal.h"
#include "base/text.h"
#include "rollout/remote/zmq_link.h"

namespace lockstep::rl {
namespace {

namespace remote = rollout::remote;

std::unique_ptr<remote::RemoteEngine> open_to_workers(remote::ModelSource& source, const remote::WorkersConfig& config) {
  remote::ServerLinkOptions options;
  options.endpoint = config.listen;
  if (!config.key.empty()) options.keys = remote::read_keys(config.key);
  if (!config.allow.empty()) options.allowed = remote::read_allow_list(config.allow);
  options.insecure_lab = config.insecure_lab;
  auto link = std::make_unique<remote::ZmqServerLink>(options);
  base::log_info(cat("workers: listening on ", link->endpoint(), config.key.empty() ? ", without keys" : ", with keys"));
  return std::make_unique<remote::RemoteEngine>(source, std::move(link), config, &base::stop_flag());
}

}  // namespace

Session::Session(const RunConfig& c)
    : config(c),
      folder(c),
      pool(base::default_num_threads()),
      policy(make_policy(c, folder.file("tokenizer"))),
      local_engine(policy.transformer, policy.tokenizer.get(), c.engine, pool),
      source(c.workers.listen.empty() ? nullptr
                                      : std::make_unique<rollout::TransformerSource>(policy.transformer, policy.tokenizer.get(),
                                                                                     local_engine, c.engine, c.output_dir)),
      remote_engine(source ? open_to_workers(*source, c.workers) : nullptr),
      engine(remote_engine ? static_cast<rollout::Engine&>(*remote_engine) : local_engine) {
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
