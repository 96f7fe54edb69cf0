// SPDX-License-Identifier: Apache-2.0
// The pool: each index once, the same exception at any number of threads, nesting, turns, shutdown.
#include "base/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/base/error_of.h"

namespace lockstep::base {
namespace {

// Sets LOCKSTEP_THREADS for one scope.
struct ThreadsVariable {
  explicit ThreadsVariable(const char* value) { ::setenv("LOCKSTEP_THREADS", value, 1); }
  ~ThreadsVariable() { ::unsetenv("LOCKSTEP_THREADS"); }
};

TEST_CASE("thread pool: every index runs exactly once, whatever the count and the number of threads") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.num_threads() == threads);
    for (const int count : {-1, 0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> calls(1000);
      pool.parallel_for(count, [&](int i) { calls[static_cast<size_t>(i)].fetch_add(1); });
      for (int i = 0; i < 1000; ++i) CHECK(calls[static_cast<size_t>(i)] == (i < count ? 1 : 0));
    }
  }
}

TEST_CASE("thread pool: plain writes of the bodies are visible to the caller, thousands of times over") {
  ThreadPool pool(4);
  std::vector<int> values(64, 0);
  for (int round = 0; round < 3000; ++round) {
    pool.parallel_for(64, [&](int i) { ++values[static_cast<size_t>(i)]; });
    REQUIRE(std::accumulate(values.begin(), values.end(), 0) == 64 * (round + 1));
  }
}

TEST_CASE("thread pool: several threads take part") {
  ThreadPool pool(3);
  std::atomic<int> inside{0}, most{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.parallel_for(3, [&](int) {  // each body waits for the others: only three threads together can end this
    inside.fetch_add(1);
    while (inside.load() < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    most.store(inside.load());
  });
  CHECK(most == 3);
}

TEST_CASE(
    "thread pool: the exception of the lowest index is rethrown at any number of threads, and the pool lives "
    "on") {
  for (const int threads : {1, 2, 8}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> lower{0};
      const Error error = error_of([&] {
        pool.parallel_for(500, [&](int i) {
          if (i < 37) lower.fetch_add(1);
          if (i == 37) std::this_thread::yield();  // let the later failures overtake
          if (i >= 37 && i % 2 == 1) throw Error(std::to_string(i), "body", "none");
        });
      });
      REQUIRE(error.what_happened() == "37");
      REQUIRE(lower == 37);
    }
    std::atomic<int> calls{0};
    pool.parallel_for(10, [&](int) { calls.fetch_add(1); });
    CHECK(calls == 10);
  }
}

TEST_CASE("thread pool: a nested loop runs serially on the thread that asks") {
  ThreadPool pool(4), other(2);
  std::atomic<int> sum{0}, strangers{0};
  pool.parallel_for(8, [&](int i) {
    const auto self = std::this_thread::get_id();
    for (ThreadPool* inner : {&pool, &other}) {
      int last = -1;  // not atomic: TSan would see a parallel run
      inner->parallel_for(10, [&](int j) {
        strangers += std::this_thread::get_id() != self || j != last + 1;
        last = j;
        sum.fetch_add(i * j);
      });
    }
  });
  CHECK(strangers == 0);
  CHECK(sum == 2 * 28 * 45);
}

TEST_CASE("thread pool: after a failed body the thread may start parallel loops again") {
  ThreadPool pool(2);
  error_of([&] { pool.parallel_for(2, [](int) { throw Error("x", "y", "z"); }); });
  std::atomic<int> inside{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.parallel_for(2, [&](int) {
    inside.fetch_add(1);
    while (inside.load() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  CHECK(inside == 2);
}

TEST_CASE("thread pool: loops from several threads take turns") {
  ThreadPool pool(3);
  std::atomic<int> calls{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) pool.parallel_for(20, [&](int) { calls.fetch_add(1); });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(calls == 4 * 100 * 20);
}

TEST_CASE("thread pool: pools come and go without hanging") {
  for (int round = 0; round < 200; ++round) {
    ThreadPool pool(4);
    if (round % 2 == 0) pool.parallel_for(4, [](int) {});
  }
}

TEST_CASE("thread pool: a pool without threads is a broken internal rule") {
  const Error error = error_of([] { ThreadPool pool(0); });
  CHECK(contains(error.what_happened(), "a pool of 0 threads"));
  CHECK(contains(error.where(), "thread_pool.cpp:"));
  CHECK(contains(error.fix(), "report it"));
}

TEST_CASE("num threads: LOCKSTEP_THREADS is taken when it is a number from 1 to 1024") {
  for (const char* text : {"1", "7", "1024"}) {
    const ThreadsVariable variable(text);
    CHECK(default_num_threads() == std::atoi(text));
  }
  CHECK(default_num_threads() >= 1);
  CHECK(default_num_threads() <= 1024);
}

TEST_CASE("num threads: any other LOCKSTEP_THREADS is an Error that shows it") {
  for (const char* text : {"", "0", "-1", "1025", "4 ", " 4", "+4", "4x", "99999999999999", "1e2", "\x1b[2J"}) {
    const ThreadsVariable variable(text);
    const Error error = error_of([] { default_num_threads(); });
    CHECK(error.what_happened() == cat("LOCKSTEP_THREADS is \"", printable(text), "\""));
    CHECK(error.where() == "environment variable LOCKSTEP_THREADS");
    CHECK(error.fix() == "set a whole number from 1 to 1024, or unset it");
  }
}

TEST_CASE("num threads: a container's quota is rounded up to whole processors") {
  CHECK(cpu_quota("200000 100000\n") == 2);
  CHECK(cpu_quota("150000 100000") == 2);
  CHECK(cpu_quota("1 100000") == 1);
  CHECK(cpu_quota("9223372036854775807 1") == 1024);
  CHECK(cpu_quota("max 100000\n") == std::nullopt);
  CHECK(cpu_quota("") == std::nullopt);
  CHECK(cpu_quota("0 100000") == std::nullopt);
  CHECK(cpu_quota("100000 0") == std::nullopt);
  CHECK(cpu_quota("one two") == std::nullopt);
}

}  // namespace
}  // namespace lockstep::base
