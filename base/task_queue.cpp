// SPDX-License-Identifier: Apache-2.0
// A queue under one mutex; a thread begins when a task finds none idle.
#include "base/task_queue.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr const char* kWhere = "a queue of tasks";

// Never throws: whatever a task threw becomes an Error.
std::optional<Error> failure_of(const std::function<void()>& task) {
  try {
    task();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(error.what(), "a task of a queue", "this is a fault of the program: report it");
  } catch (...) {
    return Error("an exception that is no std::exception", "a task of a queue",
                 "this is a fault of the program: report it");
  }
  return std::nullopt;
}

std::chrono::steady_clock::time_point deadline(double timeout_s) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(timeout_s));
}

}  // namespace

struct TaskQueue::Impl {
  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      ++num_idle;
      has_work.wait(lock, [this] { return is_stopping || !waiting.empty(); });
      --num_idle;
      if (is_stopping) return;
      auto [number, task] = std::move(waiting.front());
      waiting.pop_front();
      has_room.notify_one();
      lock.unlock();
      auto problem = failure_of(task);
      task = nullptr;  // what it holds ends before finish returns
      lock.lock();
      if (problem && (!failure || number < failed_number)) {
        failure = std::move(problem);
        failed_number = number;
      }
      if (--num_open == 0) all_done.notify_all();
    }
  }

  std::mutex mutex;
  std::condition_variable has_work, has_room, all_done;
  // Produced by add, consumed by the threads, bounded by max_waiting.
  std::deque<std::pair<size_t, std::function<void()>>> waiting;
  size_t max_threads = 1, max_waiting = 1;
  size_t num_idle = 0, num_open = 0, num_added = 0, failed_number = 0;
  std::optional<Error> failure;
  bool is_stopping = false;
  std::vector<std::thread> threads;
};

TaskQueue::TaskQueue(int num_threads, size_t max_waiting) : impl_(std::make_unique<Impl>()) {
  LOCKSTEP_CHECK(num_threads > 0 && max_waiting > 0, "a queue of tasks needs threads and room");
  impl_->max_threads = static_cast<size_t>(num_threads);
  impl_->max_waiting = max_waiting;
}

TaskQueue::~TaskQueue() {
  std::deque<std::pair<size_t, std::function<void()>>> dropped;  // they end outside of the lock
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
    dropped.swap(impl_->waiting);
  }
  impl_->has_work.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

void TaskQueue::add(std::function<void()> task, double timeout_s) {
  std::unique_lock lock(impl_->mutex);
  const auto has_room = [this] { return impl_->waiting.size() < impl_->max_waiting; };
  if (!impl_->has_room.wait_until(lock, deadline(timeout_s), has_room)) {
    throw Error(cat("no room for a task within ", timeout_s, " s: ", impl_->waiting.size(), " are waiting"), kWhere,
                "see what the running tasks wait for");
  }
  impl_->waiting.emplace_back(impl_->num_added++, std::move(task));
  ++impl_->num_open;
  if (impl_->waiting.size() > impl_->num_idle && impl_->threads.size() < impl_->max_threads) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->run(); });
  }
  impl_->has_work.notify_one();
}

void TaskQueue::finish(double timeout_s) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->all_done.wait_until(lock, deadline(timeout_s), [this] { return impl_->num_open == 0; })) {
    throw Error(cat(impl_->num_open, " tasks have not ended within ", timeout_s, " s"), kWhere,
                "see what the running tasks wait for");
  }
  if (const auto failure = std::exchange(impl_->failure, std::nullopt)) throw *failure;
}

}  // namespace lockstep::base
