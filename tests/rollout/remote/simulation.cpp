// SPDX-License-Identifier: Apache-2.0
// The loop of virtual time.
#include "tests/rollout/remote/simulation.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr double kLongestCall = 3600;  // virtual seconds: a call that takes longer hangs

Time::duration seconds(double value) {
  return std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(value));
}

}  // namespace

SimulatedWorker::SimulatedWorker(
    Network& network, MakeHost make_host, const WorkerOptions& options, uint64_t instance, Time now)
    : make_host_(std::move(make_host)), link_(network.client()), core_(*link_, options, instance, now) {}

// The job is done at once; what it reports comes out one by one, as an engine's units do.
void SimulatedWorker::start(Job job, Time now, base::Random& random) {
  running_.emplace();
  Time due = now;
  if (auto* draw = std::get_if<DrawJob>(&job)) {
    running_->host = static_cast<FakeHost*>(draw->host);
    running_->weights = running_->host->weights;
    if (draw->batch[0].call != kProbeCall) due += seconds(std::exchange(running_->host->hangs_for, 0));
    running_->hangs_until = due;
  }
  do_job(job, make_host_, [&](JobEvent&& event) {
    due += seconds(random.uniform() * 0.3);
    running_->events.emplace_back(due, std::move(event));
  });
}

// A stopped engine reports nothing more but its end.
void SimulatedWorker::give_events(Time now) {
  while (running_) {
    auto& events = running_->events;
    if (running_->host) CHECK(running_->host->weights == running_->weights);  // untouched while the engine runs
    if (now < running_->hangs_until) return;
    if (running_->host && running_->host->keyed.stop) events.erase(events.begin(), events.end() - 1);
    if (events.front().first > now && events.size() > 1) return;
    JobEvent event = std::move(events.front().second);
    events.pop_front();
    if (events.empty()) running_.reset();
    core_.on_event(std::move(event), now);
  }
}

Time SimulatedWorker::step(Time now, base::Random& random) {
  give_events(now);
  if (auto job = core_.take_job()) start(std::move(*job), now, random);
  while (auto message = link_->receive(Milliseconds(0))) core_.on_message(std::move(*message), now);
  const Time due = core_.tick(now);
  return running_ ? std::min(due, running_->events.front().first) : due;
}

Simulation::Simulation(FakeSource& source, const WorkersConfig& config, Network::Script script, uint64_t seed)
    : source_(source),
      config_(config),
      random_(seed, "simulation"),
      network_(std::move(script), [this] { return now_; }) {
  start_trainer();
}

void Simulation::start_trainer() {
  server_ = network_.server();
  hub_ = std::make_unique<Hub>(*server_, source_.welcome(), source_.vocab_size(), config_);
  if (!config_.weights_folder.empty()) folder_.emplace(config_.weights_folder);
  next_call_ += 1000;
  last_ = {};
  must_take_weights_ = true;
}

size_t Simulation::add_worker(const MakeHost& make_host, const WorkerOptions& options) {
  WorkerOptions named = options;
  if (named.name.empty()) named.name = cat("worker ", workers_.size());
  workers_.push_back(std::make_unique<SimulatedWorker>(network_, make_host, named, random_.bits64(), now_));
  errors_.emplace_back();
  return workers_.size() - 1;
}

void Simulation::step() {
  Time next = now_ + seconds(1);
  if (hub_) {
    while (auto received = server_->receive(Milliseconds(0))) hub_->on_message(std::move(*received), now_);
    next = std::min(next, hub_->tick(now_));
    if (hub_->wants_probe()) {
      const Probe& probe = hub_->probe();
      hub_->give_probe(source_.local().generate(probe.requests, probe.sampling, probe.seed));
    }
  }
  for (size_t w = 0; w < workers_.size(); ++w) {
    if (!workers_[w]) continue;
    next = std::min(next, workers_[w]->step(now_, random_));
    if (!workers_[w]->core().is_over()) continue;
    errors_[w] = workers_[w]->core().error();
    workers_[w].reset();
  }
  if (const auto delivery = network_.next_delivery()) next = std::min(next, *delivery);
  now_ = std::max(next, now_ + Milliseconds(1));
}

void Simulation::publish(uint64_t version) {
  version_ = version;
  must_take_weights_ = true;
  source_.local().publish(version);
  if (hub_->has_weights()) last_ = hub_->take_back_weights();
}

std::vector<Group> Simulation::generate(const std::vector<Request>& requests,
                                        const SamplingConfig& sampling,
                                        uint64_t seed,
                                        const std::function<void()>& each_step) {
  if (std::exchange(must_take_weights_, false))
    hub_->give_weights(folder_ ? folder_->write(version_, source_.tensors(), pool_)
                               : copy_weights(version_, source_.tensors(), pool_, std::exchange(last_, {})));
  Call call({next_call_++, version_, seed}, requests, sampling);
  hub_->start_call(call, now_);
  const Time end = now_ + seconds(kLongestCall);
  while (!call.is_done() && !hub_->failure() && now_ < end) {
    step();
    if (each_step) each_step();
  }
  hub_->end_call(call.is_done() ? call.num_taken() : 0);
  if (!call.is_done() && hub_->failure()) throw Error(*hub_->failure());
  REQUIRE(call.is_done());
  return call.give();
}

void Simulation::pass(double duration, const std::function<bool()>& is_enough) {
  for (const Time end = now_ + seconds(duration); now_ < end && !(is_enough && is_enough());) step();
}

bool adds_up(const WorkerStats& stats) {
  return stats.generated == stats.given + stats.duplicates_dropped + stats.stale_dropped + stats.invalid_dropped;
}

}  // namespace lockstep::rollout::remote
