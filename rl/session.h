// SPDX-License-Identifier: Apache-2.0
// What the stages of one run share.
#pragma once

#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "rl/evaluate.h"
#include "rl/policy.h"
#include "rl/ranks/world.h"
#include "rl/run_folder.h"
#include "rl/scoring.h"
#include "rollout/local_engine.h"
#include "rollout/remote/remote_engine.h"
#include "rollout/transformer_source.h"

namespace lockstep::rl {

struct Session {
  RunConfig config;
  const ranks::World& world;
  RunFolder folder;
  base::ThreadPool pool;
  Policy policy;
  rollout::LocalEngine local_engine;
  std::unique_ptr<rollout::TransformerSource> source;            // rank 0's; null when the config names no endpoint for workers
  std::unique_ptr<rollout::remote::RemoteEngine> remote_engine;  // likewise
  rollout::Engine& engine;  // the workers', or this process's own
  std::unique_ptr<RewardSet> rewards;    // null when the config names none
  std::unique_ptr<PromptSet> held_out;   // null when the config names no evaluation prompts

  // Ranks other than the first wait for it, which alone writes; `local_size` ranks share this machine's processors.
  Session(const RunConfig& config, const ranks::World& world, int local_size);
  explicit Session(const RunConfig& alone) : Session(alone, ranks::World::alone(), 1) {}

  Draws draws() const { return {&world, !config.workers.listen.empty()}; }
  bool can_evaluate() const { return rewards != nullptr && held_out != nullptr; }
  // Held-out evaluation of the current weights with the same noise every time.
  EvalResult evaluate(int num_samples);
};

// How a stage ended.
enum class StageEnd {
  done,     // now, or by an earlier start of the same run
  stopped,  // a signal asked for it; the state is saved
};

StageEnd run_supervised(Session& session, const std::string& stage, const SupervisedConfig& config);
StageEnd run_dpo(Session& session, const DpoConfig& config);
StageEnd run_grpo(Session& session, const GrpoConfig& config);
StageEnd run_reward_model(Session& session, const RewardModelConfig& config);

// Error where `size` ranks cannot share this run: fewer shards than ranks, a device other than the CPU.
void check_ranks(const RunConfig& config, int size);

// `lockstep train`: all stages of the config in order, each skipped if it is finished, resumed if it was begun. Writes
// summary.json and the final model. Returns the exit code: 0 done, 75 stopped by a signal and to be started again.
// Error when another process works in the run folder.
int run(const RunConfig& config, const ranks::Place& place = {});

}  // namespace lockstep::rl
