// SPDX-License-Identifier: Apache-2.0
// The thread of a worker that builds the model and draws, while another one talks to the trainer.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "rollout/remote/worker_job.h"

namespace lockstep::rollout::remote {

class EngineThread {
 public:
  // `on_event` is called from some thread whenever take_events has something new; it and `make_host` outlive this.
  EngineThread(const MakeHost& make_host, std::function<void()> on_event);
  ~EngineThread();  // waits for the job that runs

  // The last job's JobDone has been taken.
  void start(Job job);
  std::vector<JobEvent> take_events();

 private:
  void run();

  const MakeHost& make_host_;
  std::function<void()> on_event_;
  std::mutex mutex_;
  std::condition_variable has_news_;
  std::optional<Job> job_;        // produced by start, consumed by the thread, one at most
  std::vector<JobEvent> events_;  // produced by the thread, consumed by take_events, bounded by the units of a job
  bool is_closing_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace lockstep::rollout::remote
