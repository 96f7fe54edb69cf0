// SPDX-License-Identifier: Apache-2.0
// The engine whose completions are drawn by workers elsewhere: the trainer's side.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "rollout/engine.h"
#include "rollout/remote/link.h"
#include "rollout/remote/model_source.h"
#include "rollout/remote/worker_stats.h"
#include "rollout/remote/workers_config.h"

namespace lockstep::rollout::remote {

// A stop was asked for while no worker was there to draw. The engine is of use after it.
class Stopped : public Error {
 public:
  using Error::Error;
};

// The completions of a call are those of ModelSource::local(), bit for bit, whoever draws them, joins or leaves meanwhile. A
// thread of the engine's own keeps the workers: they join, get weights and signs of life between the calls as well.
class RemoteEngine final : public Engine {
 public:
  // `source` outlives the engine. Once `*stop` is true, generate waits for no workers any more; a call that workers draw is
  // finished, so that the step it is for can be.
  RemoteEngine(ModelSource& source,
               std::unique_ptr<ServerLink> link,
               const WorkersConfig& config,
               const std::atomic<bool>* stop = nullptr);
  ~RemoteEngine() override;  // says Goodbye to every worker

  // Waits for config.min_workers to have joined; Error when they have not within join_timeout_s, or when all have left and
  // none comes for so long; Stopped when *stop ends such a wait. The listener is called from this thread, for a completion when its group is whole.
  std::vector<Group> generate(const std::vector<Request>& requests,
                              const SamplingConfig& sampling,
                              uint64_t seed,
                              const Listener& listener = {}) override;
  // The weights are copied and sent at the next generate: several updates in a row cost one transfer.
  void publish(uint64_t weight_version) override;
  uint64_t weight_version() const override;
  const EngineStats& stats() const override;
  WorkerStats worker_stats() const;

 private:
  struct Impl;
  class OpenCall;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::rollout::remote
