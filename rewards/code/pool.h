// SPDX-License-Identifier: Apache-2.0
// A bounded number of sandboxes for any number of threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "rewards/code/sandbox.h"

namespace lockstep::rewards::code {

class Pool {
 public:
  // Sandboxes come up when they are first needed.
  Pool(const SandboxConfig& config, const LimitsConfig& limits);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Runs one job in a sandbox of its own, waiting for a free one at most `max_wait_s`, then
  // End::starved. A sandbox that is not as it was before is replaced. Error when no sandbox comes up. Thread-safe.
  Outcome run(const Job& job, double max_wait_s = 3600) const;

  int max_sandboxes() const { return max_sandboxes_; }

 private:
  struct Request {
    std::unique_ptr<Sandbox> sandbox;
    std::exception_ptr failure;
    bool is_done = false;
  };
  void make_sandboxes();  // the thread that every sandbox is a child of
  std::unique_ptr<Sandbox> take() const;

  SandboxConfig config_;
  LimitsConfig limits_;
  int max_sandboxes_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // produced by run(), consumed by run(), bounded by max_sandboxes_
  mutable std::vector<std::unique_ptr<Sandbox>> idle_;
  // produced by take(), consumed by make_sandboxes(), bounded by max_sandboxes_
  mutable std::deque<Request*> requests_;
  mutable int num_running_ = 0;
  bool is_stopping_ = false;
  std::thread maker_;
};

}  // namespace lockstep::rewards::code
