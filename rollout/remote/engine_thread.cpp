// SPDX-License-Identifier: Apache-2.0
// Waits for jobs, does them, keeps their events.
#include "rollout/remote/engine_thread.h"

#include <utility>

namespace lockstep::rollout::remote {

EngineThread::EngineThread(const MakeHost& make_host, std::function<void()> on_event)
    : make_host_(make_host), on_event_(std::move(on_event)), thread_([this] { run(); }) {}

EngineThread::~EngineThread() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  has_news_.notify_all();
  thread_.join();
}

void EngineThread::start(Job job) {
  {
    const std::lock_guard lock(mutex_);
    LOCKSTEP_CHECK(!job_, "one job at a time");
    job_ = std::move(job);
  }
  has_news_.notify_all();
}

std::vector<JobEvent> EngineThread::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void EngineThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_news_.wait(lock, [&] { return is_closing_ || job_; });
    if (is_closing_) return;
    Job job = std::move(*job_);
    job_.reset();
    lock.unlock();
    do_job(job, make_host_, [&](JobEvent&& event) {
      {
        const std::lock_guard guard(mutex_);
        events_.push_back(std::move(event));
      }
      on_event_();
    });
    lock.lock();
  }
}

}  // namespace lockstep::rollout::remote
