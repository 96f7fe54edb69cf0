// SPDX-License-Identifier: Apache-2.0
// Whatever happens to workers and messages, a call gives what the trainer's own engine draws, each completion once.
#include "tests/rollout/remote/simulation.h"
#include "tests/support/quiet_log.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 12};

int64_t num_samples(const std::vector<Request>& requests) {
  int64_t sum = 0;
  for (const Request& request : requests) sum += request.num_samples;
  return sum;
}

// A call whose groups are the trainer's own; the number of completions that it gave out.
int64_t check_call(Simulation& simulation,
                   FakeSource& source,
                   uint64_t seed,
                   const std::function<void()>& each_step = {}) {
  const auto requests = fake_requests(1 + seed % 11, seed);
  const auto groups = simulation.generate(requests, kSampling, seed, each_step);
  CHECK(is_same(groups, source.local().generate(requests, kSampling, seed)));
  CHECK(adds_up(simulation.stats()));
  return num_samples(requests);
}

TEST_CASE("workers: 1, 2 and 4 of them draw what one process draws, version by version") {
  const test::QuietLog quiet;
  for (const int count : {1, 2, 4}) {
    FakeSource source;
    Simulation simulation(source, {.min_workers = count});
    for (int i = 0; i < count; ++i) simulation.add_worker();
    int64_t given = 0;
    for (uint64_t version = 1; version <= 5; ++version) {
      source.learn(version);
      simulation.publish(version);
      given += check_call(simulation, source, version);
      given += check_call(simulation, source, version + 100);
    }
    const WorkerStats& stats = simulation.stats();
    CHECK(stats.joined == count);
    CHECK(stats.left == 0);
    CHECK(stats.given == given);
    CHECK(stats.generated == given);
    CHECK(stats.units_reassigned == 0);
  }
}

// Messages are lost, repeated and delayed; workers come, go with a word, and are killed, all at random.
WorkerStats live_through(uint64_t seed) {
  INFO("seed " << seed);
  base::Random faults(seed, "faults");
  const double p = faults.uniform() * 0.03;
  const auto script = [&](Way, const PeerId&, Envelope&) {
    Fate fate{1, Milliseconds(1)};
    if (faults.chance(p)) fate.copies = 0;
    if (faults.chance(p)) fate.copies += 1;
    if (faults.chance(p)) fate.delay = Milliseconds(faults.between(1, 15000));
    return fate;
  };
  FakeSource source;
  Simulation simulation(source, {.timeout_s = 5}, script, seed);
  base::Random& random = simulation.random();
  std::vector<size_t> alive;
  Time next_change = simulation.now();
  const auto change = [&] {
    if (simulation.now() < next_change) return;
    next_change = simulation.now() + Milliseconds(random.between(10, 4000));
    std::erase_if(alive, [&](size_t worker) { return !simulation.worker(worker); });
    if (alive.size() > 1 && random.chance(0.5)) {
      const size_t leaver = random.pick(alive);
      random.chance(0.5) ? simulation.kill(leaver) : simulation.core(leaver).leave("enough");
    } else if (alive.size() < 4) {
      alive.push_back(simulation.add_worker());
    }
  };
  int64_t given = 0;
  for (uint64_t version = 1; version <= 3; ++version) {
    version == 2 ? source.learn(version) : source.nudge(version);
    simulation.publish(version);
    given += check_call(simulation, source, seed * 10 + version, change);
    simulation.pass(random.uniform() * 20);
  }
  CHECK(simulation.stats().given == given);
  CHECK(adds_up(simulation.stats()));
  CHECK(simulation.stats().refused == 0);
  return simulation.stats();
}

TEST_CASE("workers: joins, leaves, kills and bad networks at random moments change nothing") {
  const test::QuietLog quiet;
  int64_t joined = 0, left = 0, duplicates = 0, stale = 0, reassigned = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const WorkerStats stats = live_through(seed);
    joined += stats.joined;
    left += stats.left;
    duplicates += stats.duplicates_dropped;
    stale += stats.stale_dropped;
    reassigned += stats.units_reassigned;
  }
  INFO(joined << " joins, " << left << " leaves, " << duplicates << " duplicates, " << stale << " stale, " << reassigned
              << " units reassigned");
  CHECK(std::min({joined / 600, left / 200, duplicates, stale, reassigned / 100}) > 0);  // all of it has happened
}

// What a fault at one message of the network does to two calls with two workers.
struct OneFault {
  std::function<Fate(Envelope&)> fate;
  bool kills = false;  // the first worker, at that message
};

// False when the network had fewer messages than `at`.
bool live_through_one(int at, const OneFault& fault) {
  INFO("message " << at);
  int count = 0;
  bool must_kill = false;
  FakeSource source;
  Simulation simulation(source, {.min_workers = 2, .timeout_s = 5}, [&](Way, const PeerId&, Envelope& envelope) {
    if (count++ != at) return Fate{1, Milliseconds(1)};
    must_kill = fault.kills;
    return fault.fate ? fault.fate(envelope) : Fate{};
  });
  const size_t first = simulation.add_worker();
  simulation.add_worker();
  const auto kill = [&] {
    if (!std::exchange(must_kill, false)) return;
    simulation.kill(first);
    simulation.add_worker();
  };
  for (uint64_t version = 1; version <= 2; ++version) {
    version == 1 ? source.learn(version) : source.nudge(version);
    simulation.publish(version);
    check_call(simulation, source, 8 + version, kill);
  }
  CHECK(simulation.stats().refused == 0);
  return count > at;
}

void live_through_each(const OneFault& fault) {
  const test::QuietLog quiet;
  int at = 0;
  while (live_through_one(at, fault)) ++at;
  CHECK(at > 60);  // that many messages were hit
}

TEST_CASE("workers: one is killed at each message in turn") { live_through_each({.kills = true}); }
TEST_CASE("workers: each message in turn is lost") {
  live_through_each({[](Envelope&) { return Fate{0}; }});
}
TEST_CASE("workers: each message in turn comes twice, at once and much later") {
  live_through_each({[](Envelope&) { return Fate{2, Milliseconds(1)}; }});
  live_through_each({[](Envelope&) { return Fate{2, Milliseconds(4000)}; }});
}
TEST_CASE("workers: each message in turn is late") {
  for (const int late_ms : {30, 1500, 20000})
    live_through_each({[=](Envelope&) { return Fate{1, Milliseconds(late_ms)}; }});
}

}  // namespace
}  // namespace lockstep::rollout::remote
