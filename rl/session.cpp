// SPDX-License-Identifier: Apache-2.0
// Setting up a run's shared parts.
#include "rl/session.h"

#include <algorithm>
#include <optional>

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

// Rank 0 trains the tokenizer and writes it, the others read it.
Policy make_in_turn(const ranks::World& world, const RunConfig& config, const std::string& tokenizer_folder) {
  std::optional<Policy> policy;
  world.in_turn([&] { policy = make_policy(config, tokenizer_folder); }, "the policy");
  return std::move(*policy);
}

RunFolder open_in_turn(const ranks::World& world, const RunConfig& config) {
  if (!world.is_first()) world.barrier("the run folder");
  RunFolder folder(config, world.is_first());
  if (world.is_first()) world.barrier("the run folder");
  return folder;
}

bool has_workers(const ranks::World& world, const RunConfig& config) { return world.is_first() && !config.workers.listen.empty(); }

// The ranks of one machine share its processors.
int own_threads(int local_size) { return std::max(1, base::default_num_threads() / local_size); }

}  // namespace

Session::Session(const RunConfig& c, const ranks::World& the_world, int local_size)
    : config(c),
      world(the_world),
      folder(open_in_turn(world, c)),
      pool(own_threads(local_size)),
      policy(make_in_turn(world, c, folder.file("tokenizer"))),
      local_engine(policy.transformer, policy.tokenizer.get(), c.engine, pool),
      source(has_workers(world, c) ? std::make_unique<rollout::TransformerSource>(policy.transformer, policy.tokenizer.get(), local_engine,
                                                                                  c.engine, c.output_dir)
                                   : nullptr),
      remote_engine(source ? open_to_workers(*source, c.workers) : nullptr),
      engine(remote_engine ? static_cast<rollout::Engine&>(*remote_engine) : local_engine) {
  if (!c.rewards.empty()) rewards = std::make_unique<RewardSet>(c.rewards, c.seed, policy.tokenizer.get());
  if (!c.eval.data.task.empty() || !c.eval.data.file.empty())
    held_out = std::make_unique<PromptSet>(c.eval.data, /*is_eval=*/true, c.prompt, *policy.tokenizer, c.seed);
}

EvalResult Session::evaluate(int num_samples) {
  // One seed for all evaluations of a run: differences between steps are differences of the weights.
  const auto& e = config.eval;
  return rl::evaluate(engine, *held_out, *rewards,
                      {.num_prompts = e.num_prompts,
                       .num_samples = num_samples,
                       .sampling = e.sampling,
                       .seed = base::derive_key(config.seed, "evaluation"),
                       .accuracy_reward = e.accuracy_reward,
                       .measure = {.k = e.k, .num_vote_draws = e.num_vote_draws, .num_resamples = e.num_resamples},
                       .draws = draws()});
}

}  // namespace lockstep::rl
