// SPDX-License-Identifier: Apache-2.0
// What stands behind the two sides: the trainer's model, and the engine that a worker makes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "rollout/engine.h"
#include "rollout/remote/messages.h"

namespace lockstep::rollout::remote {

// What a trainer gives to its workers. Called from the thread that calls the engine only.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual Welcome welcome() const = 0;  // without heartbeat and timeout
  virtual int64_t vocab_size() const = 0;
  // The current weights' bytes, tensor by tensor in a fixed order; valid until the weights change.
  virtual std::vector<std::span<const std::byte>> tensors() const = 0;
  // The Errors that an engine's generate throws before it draws.
  virtual void check(const std::vector<Request>& requests, const SamplingConfig& sampling) const = 0;
  // An engine in this process with the current weights: what it draws, workers must draw, bit for bit.
  virtual Engine& local() = 0;
};

// What a worker runs. Built from a Welcome; Error when it cannot be.
class ModelHost {
 public:
  virtual ~ModelHost() = default;
  // Where the weights go, in the trainer's order. Not touched while the engine runs.
  virtual std::vector<std::span<std::byte>> tensors() = 0;
  virtual Engine& engine() = 0;
  // Makes a running generate end early with aborted completions; `false` lets the next one run. From any thread.
  virtual void set_stop(bool stop) = 0;
};
using MakeHost = std::function<std::unique_ptr<ModelHost>(const Welcome&)>;

}  // namespace lockstep::rollout::remote
