// SPDX-License-Identifier: Apache-2.0
// Handing calls to free workers and waiting for several of them at once.
#include "rewards/plugins/worker_pool.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

// Until the deadline, rounded up; 0 when it has passed.
int remaining_ms(Worker::Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Worker::Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

}  // namespace

WorkerPool::WorkerPool(WorkerOptions options, int num_workers, const std::string& log_name)
    : keeper_([log_name](const std::string& line) { base::log_info(cat(log_name, ": ", line)); }), where_(options.where) {
  for (int i = 0; i < num_workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(keeper_, options));
    free_.push_back(workers_.back().get());
  }
  std::reverse(free_.begin(), free_.end());  // the back is taken first
  Reply reply = std::move(call({""}).front());
  if (reply.status != Status::ok) {
    throw Error(cat("the plugin cannot start: ", reply.problem), where_, "correct the plugin, or the options that name it");
  }
  hello_ = workers_.front()->hello();
}

WorkerPool::~WorkerPool() = default;

Worker* WorkerPool::take(bool is_waiting) {
  std::unique_lock lock(mutex_);
  // Whoever holds a worker gives it back after its deadlines.
  if (is_waiting) is_free_.wait(lock, [this] { return !free_.empty(); });
  if (free_.empty()) return nullptr;
  Worker* worker = free_.back();
  free_.pop_back();
  return worker;
}

void WorkerPool::give_back(Worker* worker) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(worker);
  }
  is_free_.notify_one();
}

std::vector<Reply> WorkerPool::call(const std::vector<std::string>& calls) {
  std::vector<Reply> replies(calls.size());
  std::vector<Flight> flights;
  for (size_t next = 0; next < calls.size() || !flights.empty();) {
    while (next < calls.size()) {
      Worker* worker = take(/*is_waiting=*/flights.empty());
      if (worker == nullptr) break;
      uint64_t id;
      {
        const std::lock_guard lock(mutex_);
        id = next_id_++;
      }
      if (worker->begin(calls[next], id)) {
        replies[next] = worker->take_reply();
        give_back(worker);
      } else {
        flights.push_back({worker, next});
      }
      ++next;
    }
    land(flights, replies);
  }
  return replies;
}

// Waits until one of the flights has something to say or is out of time, and removes those that are done.
void WorkerPool::land(std::vector<Flight>& flights, std::vector<Reply>& replies) {
  if (flights.empty()) return;
  std::vector<pollfd> entries;
  auto deadline = flights.front().worker->deadline();
  for (const Flight& flight : flights) {
    flight.worker->add_entries(entries);
    deadline = std::min(deadline, flight.worker->deadline());
  }
  ::poll(entries.data(), entries.size(), remaining_ms(deadline));
  std::erase_if(flights, [&](const Flight& flight) {
    bool is_done = flight.worker->step();
    if (!is_done && remaining_ms(flight.worker->deadline()) == 0) {
      flight.worker->give_up();
      is_done = true;
    }
    if (!is_done) return false;
    replies[flight.index] = flight.worker->take_reply();
    give_back(flight.worker);
    return true;
  });
}

}  // namespace lockstep::rewards::plugins
