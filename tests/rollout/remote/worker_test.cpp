// SPDX-License-Identifier: Apache-2.0
// A worker's threads end in every case, with the reason.
#include "rollout/remote/worker.h"

#include <doctest/doctest.h>

#include "tests/rollout/remote/lab.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 12};

TEST_CASE("worker: it returns when the trainer says goodbye") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  std::optional<RemoteEngine> engine(std::in_place, source, network.server(), lab_config());
  LabWorker worker(network);
  engine->generate(fake_requests(3, 1), kSampling, 1);
  engine.reset();
  worker.join();
  CHECK_FALSE(worker.error());
}

TEST_CASE("worker: stopped, it says goodbye and returns, also in the middle of drawing") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  RemoteEngine engine(source, network.server(), lab_config());
  std::atomic<bool> is_drawing{false};
  std::optional<LabWorker> slow(std::in_place, network, [&](const Welcome&) {
    auto host = std::make_unique<FakeHost>();
    KeyedEngine& keyed = host->keyed;
    host->keyed.before_sample = [&, drawn = 0]() mutable {
      if (++drawn <= 4) return;  // the probe
      is_drawing = true;
      becomes_true([&] { return keyed.stop.load(); });
    };
    return host;
  });
  const auto requests = fake_requests(5, 1);
  std::optional<LabWorker> other;
  std::thread leave([&] {
    CHECK(becomes_true([&] { return is_drawing.load(); }));
    slow->stop();
    other.emplace(network);
  });
  const auto groups = engine.generate(requests, kSampling, 1);
  leave.join();
  CHECK(is_same(groups, source.local().generate(requests, kSampling, 1)));
  CHECK_FALSE(slow->error());
  CHECK(engine.worker_stats().left == 1);
}

TEST_CASE("worker: refused, it ends with the trainer's words") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  RemoteEngine engine(source, network.server(), lab_config());
  LabWorker wrong(network, wrong_hosts()), good(network);
  engine.generate(fake_requests(3, 1), kSampling, 1);
  wrong.join();
  test::check_error([&] { throw Error(wrong.error().value()); }, "the trainer refused this worker", "memory",
                    "run a worker of the trainer's build");
}

TEST_CASE("worker: a model that cannot be made ends it, and the trainer knows why") {
  const test::QuietLog quiet;
  Network network;
  FakeSource source;
  WorkersConfig config = lab_config();
  config.join_timeout_s = 0.5;
  RemoteEngine engine(source, network.server(), config);
  LabWorker poor(network, [](const Welcome&) -> std::unique_ptr<ModelHost> { throw std::bad_alloc(); });
  poor.join();
  test::check_error([&] { throw Error(poor.error().value()); }, "bad_alloc", "rollout worker", "");
  test::check_error([&] { engine.generate(fake_requests(3, 1), kSampling, 1); },
                    "lab worker failed: std::bad_alloc (rollout worker)", "memory", "");
}

}  // namespace
}  // namespace lockstep::rollout::remote
