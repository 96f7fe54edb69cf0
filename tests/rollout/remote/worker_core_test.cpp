// SPDX-License-Identifier: Apache-2.0
// A worker whose trainer is silent, gone, refuses it, or sends damaged weights.
#include "rollout/remote/worker_core.h"

#include <doctest/doctest.h>

#include "tests/rollout/remote/simulation.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 12};

void check_call(Simulation& simulation, FakeSource& source, uint64_t seed) {
  const auto requests = fake_requests(10, seed);
  CHECK(is_same(simulation.generate(requests, kSampling, seed), source.local().generate(requests, kSampling, seed)));
  CHECK(adds_up(simulation.stats()));
}

// The Error that ends the worker within `seconds` of virtual time.
Error end_of(Simulation& simulation, size_t worker, double seconds) {
  simulation.pass(seconds, [&] { return simulation.error(worker).has_value(); });
  REQUIRE(simulation.error(worker));
  return *simulation.error(worker);
}

void check_text(const Error& error, const std::string& what, const std::string& where, const std::string& fix) {
  test::check_error([&] { throw Error(error); }, what, where, fix);
}

TEST_CASE("worker: a trainer that is gone is waited for as long as give_up, and no longer") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {});
  const size_t worker =
      simulation.add_worker(fake_hosts(), {.endpoint = "tcp://trainer:5570", .give_up = Milliseconds(90'000)});
  check_call(simulation, source, 1);
  simulation.kill_trainer();
  simulation.pass(85);
  CHECK_FALSE(simulation.error(worker));
  check_text(end_of(simulation, worker, 10), "the trainer has been silent for 90.", "tcp://trainer:5570",
             "start this worker again");
}

TEST_CASE("worker: no trainer at all is the same Error") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {});
  simulation.kill_trainer();
  const size_t worker = simulation.add_worker(fake_hosts(), {.give_up = Milliseconds(20'000)});
  check_text(end_of(simulation, worker, 21), "the trainer has been silent for 20.0 s", "", "");
}

TEST_CASE("worker: a refusal ends it with the trainer's words") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.join_timeout_s = 20});
  const size_t worker = simulation.add_worker(wrong_hosts(), {.endpoint = "tcp://trainer:5570"});
  CHECK_THROWS_AS(simulation.generate(fake_requests(2, 1), kSampling, 1), Error);
  check_text(end_of(simulation, worker, 10),
             "the trainer refused this worker: it does not draw the trainer's bits: prompt ", "tcp://trainer:5570",
             "run a worker of the trainer's build");
}

// Alters the chunks of the first `count` transfers to the first worker.
Network::Script damage_transfers(int count, int& num_transfers) {
  return [=, &num_transfers](Way, const PeerId& peer, Envelope& envelope) {
    if (auto* chunk = std::get_if<WeightsChunk>(&envelope.message); chunk && peer == "peer 1")
      if (num_transfers++ < count) chunk->bytes[5] = static_cast<char>(chunk->bytes[5] ^ 1);
    return Fate{};
  };
}

TEST_CASE("worker: damaged weights are asked for again") {
  const test::QuietLog quiet;
  for (const int count : {1, 2}) {
    int num_transfers = 0;
    FakeSource source;
    Simulation simulation(source, {}, damage_transfers(count, num_transfers));
    simulation.add_worker();
    check_call(simulation, source, 1);
    CHECK(num_transfers == count + 1);
    source.learn(4);
    simulation.publish(2);
    check_call(simulation, source, 2);
  }
}

TEST_CASE("worker: weights that come damaged three times running are an Error, and other workers go on") {
  const test::QuietLog quiet;
  int num_transfers = 0;
  FakeSource source;
  Simulation simulation(source, {}, damage_transfers(1000, num_transfers));
  const size_t worker = simulation.add_worker();
  simulation.add_worker();
  check_call(simulation, source, 1);
  check_text(end_of(simulation, worker, 10), "weights came damaged 3 times running: they have another checksum", "",
             "faults of the network");
  CHECK(num_transfers == 3);
}

TEST_CASE("worker: with the version before it takes only what has changed, or all of it when that comes damaged") {
  const test::QuietLog quiet;
  constexpr size_t kBytes = 300'000;
  FakeSource source(kBytes);
  size_t num_sent = 0;
  bool must_damage = false;
  Simulation simulation(source, {}, [&](Way, const PeerId&, Envelope& envelope) {
    if (auto* chunk = std::get_if<WeightsChunk>(&envelope.message)) {
      num_sent += chunk->bytes.size();
      if (std::exchange(must_damage, false)) chunk->bytes.back() ^= 1;
    }
    return Fate{};
  });
  simulation.add_worker(fake_hosts(kBytes));
  const auto sent_for = [&](uint64_t version) {
    num_sent = 0;
    source.nudge(version);
    simulation.publish(version);
    check_call(simulation, source, version);
    return num_sent;
  };
  CHECK(sent_for(1) == kBytes);
  CHECK(sent_for(2) < kBytes / 10);
  CHECK(sent_for(3) < kBytes / 10);
  must_damage = true;
  CHECK(sent_for(4) > kBytes);
  CHECK(sent_for(5) < kBytes / 10);
  simulation.kill(0);
  simulation.add_worker(fake_hosts(kBytes));  // has no version before
  CHECK(sent_for(6) == kBytes);
}

TEST_CASE("worker: a model of another size is an Error before any byte is asked for") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.join_timeout_s = 5});
  const size_t worker = simulation.add_worker(fake_hosts(999));
  const auto call = [&] { simulation.generate(fake_requests(2, 1), kSampling, 1); };
  test::check_error(call, "the trainer's weights have 1000 bytes, the model made from its config 999", "", "");
  check_text(*simulation.error(worker), "1000 bytes", "", "run the trainer's build");
}

TEST_CASE("worker: an engine that throws ends it, and the trainer gives its work to others") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.min_workers = 2});
  int num_drawn = 0;
  const size_t poor = simulation.add_worker([&](const Welcome&) {
    auto host = std::make_unique<FakeHost>();
    host->keyed.before_sample = [&] {
      if (++num_drawn > 6) throw Error("the machine is on fire", "rack 4", "put it out");  // the probe has 4
    };
    return host;
  });
  simulation.add_worker();
  check_call(simulation, source, 1);
  check_text(*simulation.error(poor), "the machine is on fire", "rack 4", "put it out");
  CHECK(simulation.stats().units_reassigned > 0);
  CHECK(simulation.stats().left == 1);
}

TEST_CASE("worker: the shared folder gives the same bits, and a damaged file is asked for again") {
  const test::QuietLog quiet;
  const test::TempFolder temp;
  FakeSource source;
  int64_t num_begun = 0, num_chunks = 0;
  const auto script = [&](Way, const PeerId&, Envelope& envelope) {
    num_chunks += std::holds_alternative<WeightsChunk>(envelope.message);
    if (auto* begin = std::get_if<WeightsBegin>(&envelope.message); begin && num_begun++ == 0) begin->sha256[0] ^= 1;
    return Fate{};
  };
  Simulation simulation(source, {.weights_folder = temp.path()}, script);
  simulation.add_worker();
  for (uint64_t version = 1; version <= 3; ++version) {
    source.learn(version);
    simulation.publish(version);
    check_call(simulation, source, version);
  }
  CHECK(num_begun == 4);
  CHECK(num_chunks == 0);
}

TEST_CASE("worker: results that were drawn before a session broke count in the next one") {
  const test::QuietLog quiet;
  FakeSource source;
  int num_results = 0, num_drawn = 0;
  const auto script = [&](Way, const PeerId&, Envelope& envelope) {
    const auto* result = std::get_if<Result>(&envelope.message);
    if (!result || result->call == kProbeCall) return Fate{};
    return Fate{++num_results == 5 ? 0 : 1};
  };
  Simulation simulation(source, {}, script);
  simulation.add_worker([&](const Welcome&) {
    auto host = std::make_unique<FakeHost>();
    host->keyed.before_sample = [&] { ++num_drawn; };
    return host;
  });
  std::vector<Request> requests = fake_requests(8, 5);
  for (Request& request : requests) request.num_samples = 1;
  const auto groups = simulation.generate(requests, kSampling, 1);
  CHECK(is_same(groups, source.local().generate(requests, kSampling, 1)));
  CHECK(simulation.stats().joined == 2);
  CHECK(num_results > 5);
  CHECK(num_drawn < 2 * (4 + 8));  // two probes, and not everything twice
}

TEST_CASE("worker: it keeps its model and its weights when the trainer's process is replaced") {
  const test::QuietLog quiet;
  FakeSource source;
  int num_built = 0, num_chunks = 0;
  Simulation simulation(source, {}, [&](Way, const PeerId&, Envelope& envelope) {
    num_chunks += std::holds_alternative<WeightsChunk>(envelope.message);
    return Fate{};
  });
  simulation.add_worker([&](const Welcome&) {
    ++num_built;
    return std::make_unique<FakeHost>();
  });
  check_call(simulation, source, 1);
  simulation.kill_trainer();
  simulation.pass(3);
  simulation.start_trainer();
  check_call(simulation, source, 2);
  CHECK(simulation.stats().joined == 1);
  CHECK(num_built == 1);
  CHECK(num_chunks == 1);
}

TEST_CASE("worker: what it drew for one trainer's probe is no answer to the next one's") {
  const test::QuietLog quiet;
  FakeSource source;
  bool is_first = true;
  Simulation simulation(source, {}, [&](Way way, const PeerId&, Envelope& envelope) {
    return Fate{is_first && way == Way::to_trainer && std::holds_alternative<Result>(envelope.message) ? 0 : 1};
  });
  const size_t worker = simulation.add_worker();
  const auto die = [&, end = simulation.now() + std::chrono::seconds(5)] {
    if (simulation.now() > end) throw Error("killed", "", "");
  };
  test::check_error([&] { simulation.generate(fake_requests(3, 1), kSampling, 1, die); }, "killed", "", "");
  CHECK(simulation.stats().joined == 0);  // the probe is drawn, and its answers are lost
  simulation.kill_trainer();
  simulation.pass(1);
  is_first = false;
  source.learn(9);  // the next trainer has other weights, and begins to count anew
  simulation.start_trainer();
  check_call(simulation, source, 2);
  CHECK(simulation.stats().refused == 0);
  CHECK(simulation.worker(worker));
}

TEST_CASE("worker: a result that is too large for the link ends it, and the trainer knows why") {
  const test::QuietLog quiet;
  FakeSource source;
  const auto script = [](Way, const PeerId&, Envelope& envelope) {
    const auto* result = std::get_if<Result>(&envelope.message);
    if (result && result->call != kProbeCall)
      throw Error("a message of 99 bytes is above the limit", "message Result", "fewer");
    return Fate{};
  };
  Simulation simulation(source, {.join_timeout_s = 5}, script);
  const size_t worker = simulation.add_worker(fake_hosts(), {.name = "verbose"});
  test::check_error([&] { simulation.generate(fake_requests(3, 1), kSampling, 1); },
                    "verbose failed: a message of 99 bytes is above the limit (message Result)", "", "");
  check_text(*simulation.error(worker), "a message of 99 bytes is above the limit", "message Result", "fewer");
}

TEST_CASE("worker: stopped while it draws, it says goodbye and its work is given to others at once") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.min_workers = 2, .timeout_s = 1000});
  const size_t leaver = simulation.add_worker();
  simulation.add_worker();
  const Time started = simulation.now();
  const auto leave = [&] {
    if (simulation.worker(leaver) && simulation.stats().generated > 0) simulation.core(leaver).leave("enough");
  };
  const auto requests = fake_requests(40, 3);
  const auto groups = simulation.generate(requests, kSampling, 3, leave);
  CHECK(is_same(groups, source.local().generate(requests, kSampling, 3)));
  CHECK_FALSE(simulation.worker(leaver));
  CHECK_FALSE(simulation.error(leaver));
  CHECK(simulation.stats().left == 1);
  CHECK(simulation.now() - started < std::chrono::seconds(200));  // nobody waited for its timeout
}

}  // namespace
}  // namespace lockstep::rollout::remote
