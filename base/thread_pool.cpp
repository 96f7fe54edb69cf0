// SPDX-License-Identifier: Apache-2.0
// Workers spin shortly, then sleep; a loop takes in whoever comes while indices are left.
#include "base/thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

thread_local bool is_inside_body = false;

struct InsideBody {
  InsideBody() { is_inside_body = true; }
  ~InsideBody() { is_inside_body = false; }
};

void pause() { __builtin_ia32_pause(); }

// One parallel_for: lives on its caller's stack until no worker is in it.
struct Job {
  const std::function<void(int)>* body;
  int count;
  std::atomic<int> next{0};
  std::mutex mutex;  // guards the two below
  std::exception_ptr failure;
  int failed_index = std::numeric_limits<int>::max();

  void run() {
    const InsideBody inside;
    // fetch_add cannot overflow: `next` passes `count` at most once per thread before it stops.
    for (int i; next.load(std::memory_order_relaxed) < count && (i = next.fetch_add(1)) < count;) {
      try {
        (*body)(i);
      } catch (...) {
        next.store(count);  // indices below i are all handed out already
        const std::lock_guard lock(mutex);
        if (i < failed_index) {
          failed_index = i;
          failure = std::current_exception();
        }
      }
    }
  }
};

}  // namespace

struct ThreadPool::Impl {
  // Spinning pays while every thread has a processor: between two kernels a worker wakes in well under a
  // microsecond instead of the tens that a sleeping one needs. 2,000 pauses are some 20 to 100 microseconds.
  int spins = 0;
  std::mutex call_mutex;  // one parallel_for at a time

  std::mutex mutex;  // guards job, is_stopping, and joining a job
  std::condition_variable work_arrived, work_done;
  Job* job = nullptr;
  bool is_stopping = false;
  std::atomic<uint64_t> generation{0};  // counts jobs; what a spinning worker watches
  std::atomic<int> active{0};           // workers inside `job`
  std::vector<std::thread> workers;

  void work() {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < spins && generation.load(std::memory_order_acquire) == seen; ++i) pause();
      Job* joined = nullptr;
      {
        std::unique_lock lock(mutex);
        work_arrived.wait(lock, [&] { return is_stopping || generation.load(std::memory_order_relaxed) != seen; });
        if (is_stopping) return;
        seen = generation.load(std::memory_order_relaxed);
        if (job == nullptr) continue;  // that loop has ended already
        joined = job;
        active.fetch_add(1, std::memory_order_relaxed);
      }
      joined->run();
      if (active.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard lock(mutex);  // *joined may be gone now; only the pool's own members are touched
        work_done.notify_all();
      }
    }
  }

  void run(Job& mine) {
    {
      const std::lock_guard lock(mutex);
      job = &mine;
      generation.fetch_add(1, std::memory_order_release);
    }
    work_arrived.notify_all();
    mine.run();
    {
      const std::lock_guard lock(mutex);
      job = nullptr;  // nobody joins from here on
    }
    for (int i = 0; i < spins && active.load(std::memory_order_acquire) != 0; ++i) pause();
    std::unique_lock lock(mutex);
    work_done.wait(lock, [&] { return active.load(std::memory_order_acquire) == 0; });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      is_stopping = true;
      generation.fetch_add(1, std::memory_order_release);
    }
    work_arrived.notify_all();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int num_threads) : impl_(std::make_unique<Impl>()) {
  LOCKSTEP_CHECK(num_threads >= 1, cat("a pool of ", num_threads, " threads"));
  if (static_cast<unsigned>(num_threads) <= std::thread::hardware_concurrency()) impl_->spins = 2000;
  try {
    for (int i = 1; i < num_threads; ++i) impl_->workers.emplace_back([impl = impl_.get()] { impl->work(); });
  } catch (const std::system_error& failure) {
    const size_t started = impl_->workers.size() + 1;
    impl_->stop();
    throw Error(cat("cannot start thread ", started + 1, " of ", num_threads, ": ", failure.what()), "thread pool",
                "set LOCKSTEP_THREADS lower, or raise the limit of processes (ulimit -u)");
  }
}

ThreadPool::~ThreadPool() { impl_->stop(); }

int ThreadPool::num_threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::parallel_for(int count, const std::function<void(int)>& body) {
  if (count <= 1 || impl_->workers.empty() || is_inside_body) {
    for (int i = 0; i < count; ++i) body(i);
    return;
  }
  const std::lock_guard turn(impl_->call_mutex);
  Job job{&body, count, {}, {}, {}};
  impl_->run(job);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace lockstep::base
