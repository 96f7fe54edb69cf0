// SPDX-License-Identifier: Apache-2.0
// Tasks run once each while their owner goes on, their failures come back, and nothing waits for ever.
#include "base/task_queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::base {
namespace {

constexpr double kLongS = 60;

TEST_CASE("task queue: every task runs once, whoever adds it, and finish sees what all of them wrote") {
  for (const int num_threads : {1, 3, 16}) {
    for (const size_t max_waiting : {1, 7, 5000}) {
      TaskQueue queue(num_threads, max_waiting);
      std::vector<int> runs(2000, 0);
      for (int round = 0; round < 2; ++round) {
        std::vector<std::jthread> owners;
        for (size_t t = 0; t < 4; ++t) {
          owners.emplace_back([&, t] {
            for (size_t i = t; i < runs.size(); i += 4) queue.add([&runs, i] { ++runs[i]; }, kLongS);
          });
        }
        owners.clear();
        queue.finish(kLongS);
        CHECK(runs == std::vector<int>(2000, round + 1));
      }
      queue.finish(0);
    }
  }
}

TEST_CASE("task queue: add does not wait for tasks while there is room, and as many as there are threads run at once") {
  TaskQueue queue(4, 8);
  std::latch all_running(4), may_end(1);
  for (int i = 0; i < 8; ++i) {
    queue.add(
        [&, i] {
          if (i < 4) all_running.count_down();
          may_end.wait();
        },
        kLongS);
  }
  all_running.wait();  // would hang with fewer threads, or if add waited
  may_end.count_down();
  queue.finish(kLongS);
}

TEST_CASE("task queue: one thread keeps the order") {
  TaskQueue queue(1, 100);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) queue.add([&order, i] { order.push_back(i); }, kLongS);
  queue.finish(kLongS);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<size_t>(i)] == i);
}

TEST_CASE("task queue: a full queue and a task that does not end are Errors at their deadlines") {
  std::latch may_end(1), begun(1);
  TaskQueue queue(1, 1);
  queue.add([&] { begun.count_down(), may_end.wait(); }, kLongS);
  begun.wait();
  queue.add([] {}, kLongS);
  test::check_error([&] { queue.add([] {}, 0.02); }, "no room for a task within 0.02 s: 1 are waiting",
                    "a queue of tasks", "see what the running tasks wait for");
  test::check_error([&] { queue.finish(0.02); }, "2 tasks have not ended within 0.02 s", "a queue of tasks",
                    "see what the running tasks wait for");
  may_end.count_down();
  queue.finish(kLongS);
}

TEST_CASE(
    "task queue: the failure of the task added first comes back once as an Error, and the others run all the same") {
  TaskQueue queue(4, 50);
  std::atomic<int> num_run = 0;
  for (int i = 0; i < 50; ++i) {
    const auto task = [&num_run, i] {
      ++num_run;
      if (i == 7) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (i >= 7) throw std::runtime_error(std::to_string(i));
    };
    queue.add(task, kLongS);
  }
  test::check_error([&] { queue.finish(kLongS); }, "7", "a task of a queue", "report it");
  CHECK(num_run == 50);
  queue.finish(kLongS);
  queue.add([] { throw Error("what", "where", "fix"); }, kLongS);
  test::check_error([&] { queue.finish(kLongS); }, "what", "where", "fix");
  queue.add([] { throw 5; }, kLongS);
  test::check_error([&] { queue.finish(kLongS); }, "an exception that is no std::exception", "a task of a queue",
                    "report it");
}

TEST_CASE("task queue: its end drops what has not begun and waits for what has") {
  std::atomic<int> num_begun = 0, num_ended = 0;
  {
    TaskQueue queue(2, 100);
    std::latch begun(2);
    for (int i = 0; i < 100; ++i) {
      const auto task = [&, i] {
        ++num_begun;
        if (i < 2) begun.count_down();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++num_ended;
      };
      queue.add(task, kLongS);
    }
    begun.wait();
  }
  CHECK(num_begun == num_ended);
  CHECK(num_begun < 10);
}

}  // namespace
}  // namespace lockstep::base
