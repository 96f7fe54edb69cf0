// SPDX-License-Identifier: Apache-2.0
// The engine whose completions are drawn by workers elsewhere: the trainer's side.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "rollout/engine.h"
#include "rollout/remote/link.h"

namespace lockstep::rollout::remote {

struct WorkersConfig {
  std::string listen = "";
  std::string key = "", allow = "";
  bool insecure_lab = false;
  int min_workers = 1;
  double join_timeout_s = 300, heartbeat_s = 1, timeout_s = 10;
  std::string weights_folder = "";
  void visit(auto&& field);  // defined with meanings and ranges, as in rollout/engine_config.h
};

// What a trainer gives to its workers. Called from the thread that calls the engine only.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual Welcome welcome() const = 0;  // without heartbeat and timeout
  // The current weights' bytes, tensor by tensor in a fixed order; valid until the weights change.
  virtual std::vector<std::span<const std::byte>> tensors() const = 0;
  // An engine in this process with the same weights: what it draws, workers must draw, bit for bit.
  virtual Engine& local() = 0;
};

struct WorkerStats {
  int64_t joined = 0, left = 0, refused = 0;      // workers, over the life of the engine
  int64_t generated = 0, duplicates_dropped = 0;  // completions that arrived; generated = given out + dropped
  int64_t stale_dropped = 0, units_reassigned = 0;
};

class RemoteEngine final : public Engine {
 public:
  RemoteEngine(ModelSource& source, std::unique_ptr<ServerLink> link, const WorkersConfig& config,
               const std::atomic<bool>* stop = nullptr);
  ~RemoteEngine() override;  // says Goodbye to every worker
  // Engine's functions ...
};

}  // namespace lockstep::rollout::remote
