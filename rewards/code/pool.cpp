// SPDX-License-Identifier: Apache-2.0
// Handing out sandboxes, and the one thread that starts them.
#include "rewards/code/pool.h"

#include <chrono>

#include "base/thread_pool.h"

namespace lockstep::rewards::code {

Pool::Pool(const SandboxConfig& config, const LimitsConfig& limits)
    : config_(config),
      limits_(limits),
      max_sandboxes_(config.max_sandboxes > 0 ? config.max_sandboxes : base::default_num_threads()) {
  remove_stale_folders();
  if (config.use_cgroup) Cgroup::remove_stale();
  maker_ = std::thread([this] { make_sandboxes(); });
}

Pool::~Pool() {
  idle_.clear();  // before their maker ends: with it, bwrap would be killed and leave its child to others
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  maker_.join();
}

void Pool::make_sandboxes() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !requests_.empty(); });
    if (requests_.empty()) return;
    Request& request = *requests_.front();
    requests_.pop_front();
    lock.unlock();
    try {
      request.sandbox = std::make_unique<Sandbox>(config_, limits_);
    } catch (...) {
      request.failure = std::current_exception();
    }
    lock.lock();
    request.is_done = true;
    changed_.notify_all();
  }
}

// The caller has a place among the running ones.
std::unique_ptr<Sandbox> Pool::take() const {
  std::unique_lock lock(mutex_);
  if (!idle_.empty()) {
    std::unique_ptr<Sandbox> sandbox = std::move(idle_.back());
    idle_.pop_back();
    return sandbox;
  }
  Request request;
  requests_.push_back(&request);
  changed_.notify_all();
  changed_.wait(lock, [&] { return request.is_done; });  // launch() has its own deadline
  if (request.failure) std::rethrow_exception(request.failure);
  return std::move(request.sandbox);
}

Outcome Pool::run(const Job& job, double max_wait_s) const {
  struct Place {
    const Pool& pool;
    ~Place() {
      const std::lock_guard lock(pool.mutex_);
      --pool.num_running_;
      pool.changed_.notify_all();
    }
  };
  {
    std::unique_lock lock(mutex_);
    const bool has_place = changed_.wait_for(lock, std::chrono::duration<double>(max_wait_s),
                                             [&] { return num_running_ < max_sandboxes_; });
    if (!has_place) {
      Outcome outcome;
      outcome.end = End::starved;
      return outcome;
    }
    ++num_running_;
  }
  const Place place{*this};
  std::unique_ptr<Sandbox> sandbox = take();
  Outcome outcome = sandbox->run(job);
  if (sandbox->is_fresh()) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(sandbox));
  }
  return outcome;
}

}  // namespace lockstep::rewards::code
