// SPDX-License-Identifier: Apache-2.0
// A persistent pool whose only verb is a parallel loop with a fixed assignment of indices to nothing but themselves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace lockstep::base {

// Number of threads to use: LOCKSTEP_THREADS if set (1..1024, else Error), otherwise the processors this
// process may use (its affinity mask, and the CPU quota of its container).
int default_num_threads();

// Processors that the text of cgroup v2's cpu.max ("200000 100000", "max 100000") allows, rounded up; nullopt: no
// limit.
std::optional<int> cpu_quota(std::string_view cpu_max);

class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();  // joins
  int num_threads() const;

  // Calls body(i) once for each i in [0, count), the caller taking part, and returns when all are done. After
  // an exception no further index is started, and the exception of the lowest index is rethrown here: indices
  // are handed out in ascending order, so it is the same one at any number of threads. Not reentrant: a
  // nested call from a body runs its loop serially. Calls from several threads take turns.
  void parallel_for(int count, const std::function<void(int)>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::base
