// SPDX-License-Identifier: Apache-2.0
// A trainer's engine and workers with their real threads, over links in memory.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "rollout/remote/remote_engine.h"
#include "rollout/remote/worker.h"
#include "tests/rollout/remote/fake_model.h"
#include "tests/rollout/remote/memory_link.h"

namespace lockstep::rollout::remote {

// Times short enough for a test, long enough for a machine that is busy; no result depends on them.
WorkersConfig lab_config();
WorkerOptions lab_options();

// run_worker on a thread of its own.
class LabWorker {
 public:
  explicit LabWorker(Network& network, MakeHost make_host = fake_hosts());
  ~LabWorker() { stop(); }
  void stop();                                                  // and wait
  void join();                                                  // waits until it ends of itself
  const std::optional<Error>& error() const { return error_; }  // after stop or join

 private:
  std::unique_ptr<ClientLink> link_;
  MakeHost make_host_;
  std::atomic<bool> stop_{false};
  std::optional<Error> error_;
  std::thread thread_;
};

// Waits until `condition` holds; false after half a minute.
bool becomes_true(const std::function<bool()>& condition);

}  // namespace lockstep::rollout::remote
