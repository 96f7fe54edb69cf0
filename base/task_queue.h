// SPDX-License-Identifier: Apache-2.0
// Tasks on threads of their own while their owner goes on: for work that mostly waits. Loops belong to thread_pool.h.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace lockstep::base {

// Thread-safe. No wait is without a deadline, except that of the destructor for tasks that have begun: a task bounds itself.
class TaskQueue {
 public:
  // So many threads, and at most `max_waiting` tasks that have not begun. Threads start as tasks come.
  TaskQueue(int num_threads, size_t max_waiting);
  ~TaskQueue();  // drops the tasks that have not begun, and joins
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Tasks begin in the order in which they were added. Error when there is no room for `timeout_s`. Not from a task that
  // could be the last to make room.
  void add(std::function<void()> task, double timeout_s);
  // Returns when every task has run; Error when that takes longer than `timeout_s`. Of the failures of tasks, that of the
  // one added first is thrown here, once: an Error as it is, any other exception as an Error with its text. Not from a task.
  void finish(double timeout_s);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::base
