// SPDX-License-Identifier: Apache-2.0
// Trainer and workers in virtual time on one thread: every run can be repeated from its seed, hours take milliseconds.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/rng.h"
#include "rollout/remote/hub.h"
#include "rollout/remote/worker_core.h"
#include "tests/rollout/remote/fake_model.h"
#include "tests/rollout/remote/memory_link.h"

namespace lockstep::rollout::remote {

// A worker's process: its link, its half of the protocol, and an engine whose jobs take time.
class SimulatedWorker {
 public:
  SimulatedWorker(Network& network, MakeHost make_host, const WorkerOptions& options, uint64_t instance, Time now);
  // Everything that is due; when it wants to be called again.
  Time step(Time now, base::Random& random);
  const WorkerCore& core() const { return core_; }
  WorkerCore& core() { return core_; }

 private:
  struct Running {
    FakeHost* host = nullptr;  // that draws
    FakeWeights weights;       // of it, at the start
    Time hangs_until{};
    std::deque<std::pair<Time, JobEvent>> events;
  };
  void start(Job job, Time now, base::Random& random);
  void give_events(Time now);

  MakeHost make_host_;
  std::unique_ptr<ClientLink> link_;
  WorkerCore core_;
  std::optional<Running> running_;
};

class Simulation {
 public:
  // Times of the config are virtual seconds.
  Simulation(FakeSource& source, const WorkersConfig& config, Network::Script script = {}, uint64_t seed = 1);

  // A new worker's number.
  size_t add_worker(const MakeHost& make_host = fake_hosts(), const WorkerOptions& options = {});
  void kill(size_t worker) { workers_.at(worker).reset(); }  // without a word
  const WorkerCore* worker(size_t number) const { return workers_.at(number) ? &workers_[number]->core() : nullptr; }
  WorkerCore& core(size_t number) { return workers_.at(number)->core(); }
  // That ended a worker.
  const std::optional<Error>& error(size_t number) const { return errors_.at(number); }
  void kill_trainer() { hub_.reset(), server_.reset(); }
  void start_trainer();  // anew, with other numbers of calls

  void publish(uint64_t version);
  // A whole call. Throws the hub's failure. `each_step` is called after each step of the virtual time.
  std::vector<Group> generate(const std::vector<Request>& requests,
                              const SamplingConfig& sampling,
                              uint64_t seed,
                              const std::function<void()>& each_step = {});
  // Lets `seconds` pass between calls, or until `is_enough`.
  void pass(double seconds, const std::function<bool()>& is_enough = {});
  const WorkerStats& stats() const { return hub_->stats(); }
  size_t num_joined() const { return hub_->num_joined(); }
  Time now() const { return now_; }
  base::Random& random() { return random_; }

 private:
  void step();

  FakeSource& source_;
  WorkersConfig config_;
  base::Random random_;
  Time now_{std::chrono::hours(1)};
  Network network_;
  std::unique_ptr<ServerLink> server_;
  std::unique_ptr<Hub> hub_;
  std::optional<WeightsFolder> folder_;
  base::ThreadPool pool_{1};
  Weights last_;
  std::vector<std::unique_ptr<SimulatedWorker>> workers_;  // null once they are over
  std::vector<std::optional<Error>> errors_;
  uint64_t version_ = 0, next_call_ = 1;
  bool must_take_weights_ = true;
};

// The law that counts keep between calls.
bool adds_up(const WorkerStats& stats);

}  // namespace lockstep::rollout::remote
