// SPDX-License-Identifier: Apache-2.0
// The worker's side: gets a model, its weights and work from a trainer, and sends completions back.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "rollout/engine.h"
#include "rollout/remote/link.h"

namespace lockstep::rollout::remote {

// What a worker runs. `make_host` of worker_options builds one from a Welcome; Error when it cannot.
class ModelHost {
 public:
  virtual ~ModelHost() = default;
  // Where the weights go, in the trainer's order. Not touched while the engine runs.
  virtual std::vector<std::span<std::byte>> tensors() = 0;
  virtual Engine& engine() = 0;
  // Makes a running generate end early with aborted completions; `false` lets the next one run.
  virtual void set_stop(bool stop) = 0;
};

}  // namespace lockstep::rollout::remote
