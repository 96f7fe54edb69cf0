// SPDX-License-Identifier: Apache-2.0
// The remote engine keeps the promises of Engine, with its threads and those of its workers.
#include "rollout/remote/remote_engine.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "tests/rollout/remote/lab.h"
#include "tests/rollout/remote/simulation.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 12};

void check_call(RemoteEngine& engine, FakeSource& source, uint64_t seed, size_t num_requests = 12) {
  const auto requests = fake_requests(num_requests, seed);
  std::vector<int> reported(requests.size());
  std::vector<Group> seen(requests.size());
  source.local().publish(engine.weight_version());
  const auto groups = engine.generate(requests, kSampling, seed, [&](size_t r, const Group& group) {
    ++reported.at(r);
    seen.at(r) = group;
  });
  CHECK(is_same(groups, source.local().generate(requests, kSampling, seed)));
  CHECK(is_same(groups, seen));
  CHECK(reported == std::vector<int>(requests.size(), 1));
  CHECK(engine.stats().new_tokens == source.local().stats().new_tokens);
  CHECK(adds_up(engine.worker_stats()));
}

TEST_CASE("remote engine: 1, 2 and 4 workers draw what one process draws, over versions") {
  const test::QuietLog quiet;
  for (const int count : {1, 2, 4}) {
    Network network;
    FakeSource source;
    WorkersConfig config = lab_config();
    config.min_workers = count;
    RemoteEngine engine(source, network.server(), config);
    std::list<LabWorker> workers;
    for (int i = 0; i < count; ++i) workers.emplace_back(network);
    for (uint64_t version = 1; version <= 4; ++version) {
      source.learn(version);
      engine.publish(version);
      CHECK(engine.weight_version() == version);
      check_call(engine, source, version);
      check_call(engine, source, version + 50);
      CHECK(engine.stats().peak_cache_rows >= 7);
      CHECK(engine.stats().decode_steps > 0);
      CHECK(engine.stats().draws > 0);
      CHECK(engine.stats().draft_tokens * 2 == engine.stats().accepted_tokens * 5);
      REQUIRE(engine.stats().expert_load.size() == 2);
      CHECK(engine.stats().expert_load[0][1] == 2 * engine.stats().expert_load[0][0]);
      CHECK(engine.stats().expert_load[1] == std::vector<int64_t>{3 * engine.stats().expert_load[0][0]});
    }
    CHECK(engine.worker_stats().joined == count);
  }
}

TEST_CASE("remote engine: workers that join and leave while it draws change nothing") {
  const test::QuietLog quiet;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    base::Random random(seed, "joins and leaves");
    Network network;
    FakeSource source;
    RemoteEngine engine(source, network.server(), lab_config());
    std::list<LabWorker> workers;
    std::atomic<bool> is_done{false};
    std::thread changes([&] {
      while (!is_done) {
        if (workers.size() < 4) workers.emplace_back(network);
        std::this_thread::sleep_for(Milliseconds(random.between(1, 8)));
        if (workers.size() > 1 && random.chance(0.6)) workers.pop_front();
      }
    });
    for (uint64_t version = 1; version <= 5; ++version) {
      source.learn(version);
      engine.publish(version);
      check_call(engine, source, seed * 100 + version, 40);
    }
    is_done = true;
    changes.join();
  }
}

TEST_CASE("remote engine: a worker may join between calls, through the network or the folder") {
  const test::QuietLog quiet;
  const test::TempFolder temp;
  for (const bool has_folder : {false, true}) {
    Network network;
    FakeSource source;
    WorkersConfig config = lab_config();
    if (has_folder) config.weights_folder = temp.path("shared");
    RemoteEngine engine(source, network.server(), config);
    LabWorker first(network);
    check_call(engine, source, 1);
    LabWorker second(network);
    CHECK(becomes_true([&] { return engine.worker_stats().joined == 2; }));
    first.stop();
    CHECK(becomes_true([&] { return engine.worker_stats().left == 1; }));
    check_call(engine, source, 2);
  }
}

TEST_CASE("remote engine: a stop ends the wait for workers at once, and no call that they draw") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  std::atomic<bool> stop{true};
  WorkersConfig config = lab_config();
  config.join_timeout_s = 1e6;
  RemoteEngine engine(source, network.server(), config, &stop);
  CHECK_THROWS_AS(engine.generate(fake_requests(2, 1), kSampling, 1), Stopped);
  test::check_error([&] { engine.generate(fake_requests(2, 1), kSampling, 1); },
                    "stopped while no rollout worker was there to draw", "workers.listen", "start the same command again");
  stop = false;
  LabWorker worker(network, [&](const Welcome&) {
    auto host = std::make_unique<FakeHost>();
    host->keyed.before_sample = [&, drawn = 0]() mutable { stop = ++drawn > 4; };  // after the probe
    return host;
  });
  check_call(engine, source, 1);
  CHECK(stop);
}

TEST_CASE("remote engine: no worker is an Error in time, and no requests need none") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  WorkersConfig config = lab_config();
  config.join_timeout_s = 0.05;
  RemoteEngine engine(source, network.server(), config);
  CHECK(engine.generate({}, kSampling, 1).empty());
  test::check_error([&] { engine.generate(fake_requests(2, 1), kSampling, 1); },
                    "0 of 1 rollout workers joined within 0.05 s", "memory", "lockstep worker --connect memory");
}

TEST_CASE("remote engine: what the model refuses is refused before any worker is asked") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  RemoteEngine engine(source, network.server(), lab_config());
  test::check_error([&] { engine.generate({Request{}}, kSampling, 1); }, "the prompt is empty", "request", "begin");
}

TEST_CASE("remote engine: one call at a time, and no new version within it") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  RemoteEngine engine(source, network.server(), lab_config());
  LabWorker worker(network);
  const auto requests = fake_requests(2, 1);
  int num_checked = 0;
  engine.generate(requests, kSampling, 1, [&](size_t, const Group&) {
    test::check_error([&] { engine.generate(requests, kSampling, 1); }, "generate was called while it is running",
                      "rollout engine", "an engine of its own");
    test::check_error([&] { engine.publish(9); }, "version 9 of the weights was published while", "rollout engine",
                      "after generate has returned");
    ++num_checked;
  });
  CHECK(num_checked == 2);
  check_call(engine, source, 3);
}

TEST_CASE("remote engine: an exception of the caller's ends the call, not the engine") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  RemoteEngine engine(source, network.server(), lab_config());
  LabWorker worker(network);
  const auto fail = [](size_t, const Group&) { throw Error("disk full", "log", "make room"); };
  test::check_error([&] { engine.generate(fake_requests(9, 1), kSampling, 1, fail); }, "disk full", "log", "make room");
  check_call(engine, source, 2);
  CHECK(engine.worker_stats().given <= engine.worker_stats().generated);
}

}  // namespace
}  // namespace lockstep::rollout::remote
