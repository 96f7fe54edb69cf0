// SPDX-License-Identifier: Apache-2.0
// The workers of one plugin, shared by all threads that score.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rewards/plugins/worker.h"

namespace lockstep::rewards::plugins {

class WorkerPool {
 public:
  // Starts one worker and waits for its greeting, so that a plugin that cannot work is an Error of the config, with the
  // plugin's own words; the others start when there is work for them. `log_name` stands before each line of output.
  WorkerPool(WorkerOptions options, int num_workers, const std::string& log_name);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // One reply per call, in order. The calls run on as many workers as are free, and wait for one while none is. Never
  // throws for what a plugin does. Takes at most: time in the queue, plus a start and a call for each round of calls.
  std::vector<Reply> call(const std::vector<std::string>& calls);

  const base::Json& hello() const { return hello_; }  // the greeting of the first worker

 private:
  struct Flight {
    Worker* worker;
    size_t index;  // into the calls
  };
  Worker* take(bool is_waiting);
  void give_back(Worker* worker);
  void land(std::vector<Flight>& flights, std::vector<Reply>& replies);

  Keeper keeper_;
  std::string where_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex mutex_;
  std::condition_variable is_free_;
  std::vector<Worker*> free_;  // produced and consumed by callers / bounded by the number of workers
  uint64_t next_id_ = 1;
  base::Json hello_;
};

}  // namespace lockstep::rewards::plugins
