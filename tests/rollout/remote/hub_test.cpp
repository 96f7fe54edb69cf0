// SPDX-License-Identifier: Apache-2.0
// The trainer among workers that lie, fail, differ, stay away or are strangers.
#include "rollout/remote/hub.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/rollout/remote/simulation.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 12};

void check_call(Simulation& simulation, FakeSource& source, uint64_t seed) {
  const auto requests = fake_requests(10, seed);
  CHECK(is_same(simulation.generate(requests, kSampling, seed), source.local().generate(requests, kSampling, seed)));
  CHECK(adds_up(simulation.stats()));
}

TEST_CASE("hub: a worker with other bits is refused, the others go on") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {});
  const size_t wrong = simulation.add_worker(wrong_hosts());
  simulation.add_worker();
  check_call(simulation, source, 1);
  simulation.pass(10, [&] { return !simulation.worker(wrong); });
  CHECK(simulation.stats().refused == 1);
  CHECK(simulation.stats().joined == 1);
  CHECK_FALSE(simulation.worker(wrong));
}

// What a result is altered to on its way: the first worker's, of real work.
void check_hostile(const std::function<void(Result&)>& alter) {
  FakeSource source;
  bool has_altered = false;
  const auto script = [&](Way way, const PeerId& peer, Envelope& envelope) {
    auto* result = std::get_if<Result>(&envelope.message);
    if (way == Way::to_trainer && peer == "peer 1" && result && result->call != kProbeCall) {
      alter(*result);
      has_altered = true;
    }
    return Fate{};
  };
  Simulation simulation(source, {.min_workers = 2}, script);
  simulation.add_worker();
  simulation.add_worker();
  check_call(simulation, source, 3);
  CHECK(has_altered);
  CHECK(simulation.stats().refused == 1);
  CHECK(simulation.num_joined() == 1);
}

TEST_CASE("hub: a wrong result costs its worker the trust, and the call nothing") {
  const test::QuietLog quiet;
  check_hostile([](Result& r) { r.group.completions.resize(50'000); });
  check_hostile([](Result& r) { r.group.completions.clear(); });
  check_hostile([](Result& r) { r.group.completions[0].ids[0] = kFakeVocab; });
  check_hostile([](Result& r) { r.group.completions[0].logprobs[0] = std::numeric_limits<float>::quiet_NaN(); });
  check_hostile([](Result& r) { r.group.completions[0].weight_version += 1; });
  check_hostile([](Result& r) { r.group.completions.back().finish = FinishReason::aborted; });
  check_hostile([](Result& r) { r.unit = 1u << 30; });
  check_hostile([](Result& r) { r.unit = std::numeric_limits<uint64_t>::max(); });
}

TEST_CASE("hub: results of another call are acknowledged, dropped and counted") {
  const test::QuietLog quiet;
  FakeSource source;
  int64_t num_altered = 0;
  const auto script = [&](Way, const PeerId& peer, Envelope& envelope) {
    auto* result = std::get_if<Result>(&envelope.message);
    if (peer == "peer 1" && result && result->call != kProbeCall && num_altered++ == 0) result->call += 1000;
    return Fate{};
  };
  Simulation simulation(source, {.min_workers = 2, .timeout_s = 3}, script);
  simulation.add_worker();
  simulation.add_worker();
  check_call(simulation, source, 3);
  CHECK(simulation.stats().stale_dropped > 0);
  CHECK(simulation.stats().refused == 0);
}

TEST_CASE("hub: without workers the call is an Error that says who came") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.listen = "tcp://127.0.0.1:5570", .min_workers = 2, .join_timeout_s = 30});
  simulation.add_worker();
  simulation.add_worker(wrong_hosts(), {.name = "mallory"});
  const Time started = simulation.now();
  const auto call = [&] { simulation.generate(fake_requests(3, 1), kSampling, 1); };
  const auto error = test::error_of(call).value();
  CHECK(error.what_happened().find("1 of 2 rollout workers joined within 30 s; mallory refused: it does not draw the "
                                   "trainer's bits: prompt ") == 0);
  CHECK(error.what_happened().find("(bits 0x") != std::string::npos);
  CHECK(error.where() == "tcp://127.0.0.1:5570");
  CHECK(error.fix().find("lockstep worker --connect tcp://127.0.0.1:5570") != std::string::npos);
  CHECK(simulation.now() - started < std::chrono::seconds(40));
  simulation.add_worker();
  check_call(simulation, source, 2);  // the engine is of use after that
}

TEST_CASE("hub: when all have left, others may come for join_timeout_s") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.join_timeout_s = 60});
  const size_t only = simulation.add_worker();
  bool has_left = false;
  const auto leave = [&] {
    if (has_left || simulation.stats().joined == 0) return;
    has_left = true;
    simulation.core(only).leave("enough");
  };
  test::check_error([&] { simulation.generate(fake_requests(30, 1), kSampling, 1, leave); },
                    "every rollout worker has left and none came back within 60 s", "", "raise workers.join_timeout_s");
  CHECK(has_left);
  CHECK(adds_up(simulation.stats()));
}

TEST_CASE("hub: a worker's failure is told when nobody else is left") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.join_timeout_s = 5});
  const MakeHost broken = [](const Welcome&) -> std::unique_ptr<ModelHost> {
    throw Error("no memory for the model", "model", "buy some");
  };
  simulation.add_worker(broken, {.name = "poor"});
  test::check_error([&] { simulation.generate(fake_requests(3, 1), kSampling, 1); },
                    "poor failed: no memory for the model (model)", "", "");
}

// Its network thread goes on, its engine does not.
MakeHost stuck_hosts(double seconds) {
  return [=](const Welcome&) {
    auto host = std::make_unique<FakeHost>();
    host->hangs_for = seconds;
    return host;
  };
}

TEST_CASE("hub: a worker whose engine hangs loses its work after unit_timeout_s, and the call ends without it") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.min_workers = 2, .unit_timeout_s = 100});
  simulation.add_worker(stuck_hosts(1e6));
  simulation.add_worker();
  const Time started = simulation.now();
  check_call(simulation, source, 1);
  CHECK(simulation.now() - started > std::chrono::seconds(100));
  CHECK(simulation.now() - started < std::chrono::seconds(130));
  CHECK(simulation.stats().left == 1);
  CHECK(simulation.stats().units_reassigned > 0);
  CHECK(simulation.stats().duplicates_dropped == 0);
  simulation.add_worker();
  check_call(simulation, source, 2);  // the first has asked to join again, and gets nothing while it hangs
  CHECK(simulation.stats().joined == 3);
}

TEST_CASE("hub: a worker that is only slow joins again, and what it has drawn counts once") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation simulation(source, {.join_timeout_s = 1000, .unit_timeout_s = 100});
  simulation.add_worker(stuck_hosts(150));
  const auto requests = fake_requests(10, 1);
  const auto groups = simulation.generate(requests, kSampling, 1);
  CHECK(is_same(groups, source.local().generate(requests, kSampling, 1)));
  CHECK(simulation.stats().joined == 2);
  CHECK(simulation.stats().generated == simulation.stats().given);
}

TEST_CASE("hub: without a limit a slow worker is waited for, and with one the Error says who was slow") {
  const test::QuietLog quiet;
  FakeSource source;
  Simulation patient(source, {.unit_timeout_s = 0});
  patient.add_worker(stuck_hosts(3000));
  check_call(patient, source, 1);
  CHECK(patient.stats().left == 0);
  Simulation simulation(source, {.join_timeout_s = 60, .unit_timeout_s = 30});
  simulation.add_worker(stuck_hosts(1e6), {.name = "sleeper"});
  test::check_error([&] { simulation.generate(fake_requests(3, 1), kSampling, 1); },
                    "sleeper is gone: none of its 3 units of work was finished within 30 s (workers.unit_timeout_s)",
                    "", "");
}

TEST_CASE("hub: unchanged weights are not sent again, changed ones once") {
  const test::QuietLog quiet;
  FakeSource source;
  int64_t num_chunks = 0;
  const auto script = [&](Way, const PeerId&, Envelope& envelope) {
    num_chunks += std::holds_alternative<WeightsChunk>(envelope.message);
    return Fate{1, Milliseconds(2)};
  };
  Simulation simulation(source, {}, script);
  simulation.add_worker();
  check_call(simulation, source, 1);
  CHECK(num_chunks == 1);
  simulation.publish(2);
  check_call(simulation, source, 2);
  CHECK(num_chunks == 1);
  source.learn(9);
  simulation.publish(3);
  check_call(simulation, source, 3);
  CHECK(num_chunks == 2);
  CHECK(simulation.stats().joined == 1);
}

// A trainer whose one peer is the test itself.
struct ByHand {
  FakeSource source;
  Time now{};
  Network network{{}, [this] { return now; }};
  std::unique_ptr<ServerLink> server = network.server();
  std::unique_ptr<ClientLink> client = network.client();
  Hub hub{*server, source.welcome(), kFakeVocab, {}};

  // Says these as one session, lets the hub answer, and returns what it says.
  std::vector<Envelope> say(uint64_t session, uint64_t first_number, const std::vector<Message>& messages) {
    for (size_t i = 0; i < messages.size(); ++i) client->send({{session, first_number + i}, messages[i]});
    while (auto received = server->receive(Milliseconds(0))) hub.on_message(std::move(*received), now);
    hub.tick(now);
    std::vector<Envelope> answers;
    while (auto answer = client->receive(Milliseconds(0))) answers.push_back(std::move(*answer));
    return answers;
  }
};

TEST_CASE("hub: weights run at most a window ahead of what the worker has written") {
  const test::QuietLog quiet;
  constexpr uint64_t kMiB = 1 << 20, kBytes = 11 * kMiB - 5;
  ByHand trainer;
  const std::vector<std::byte> bytes(kBytes);
  base::ThreadPool pool(1);
  trainer.hub.give_weights(copy_weights(3, {bytes}, pool));
  const auto begun = trainer.say(1, 0, {Hello{1}});
  REQUIRE(begun.size() == 2);  // Welcome, WeightsBegin; no byte before a credit
  CHECK(std::get<WeightsBegin>(begun[1].message).num_bytes == kBytes);
  uint64_t offset = 0, number = 1;
  const auto give = [&](uint64_t version, uint64_t credit) {
    const auto chunks = trainer.say(1, number++, {WeightsCredit{version, credit}});
    for (const Envelope& envelope : chunks) {
      const auto& chunk = std::get<WeightsChunk>(envelope.message);
      CHECK(chunk.offset == offset);
      offset += chunk.bytes.size();
    }
    return chunks.size();
  };
  CHECK(give(2, 0) == 0);     // of another version
  CHECK(give(3, kMiB) == 0);  // for bytes that were not sent
  CHECK(give(3, 0) == 8);
  CHECK(give(3, 0) == 0);
  CHECK(give(3, kMiB) == 1);
  CHECK(give(3, 8 * kMiB) == 2);
  CHECK(give(3, 9 * kMiB) == 0);
  CHECK(offset == kBytes);
}

TEST_CASE("hub: a stranger's message is answered by Rejoin, whatever it is, and harms nothing") {
  const test::QuietLog quiet;
  ByHand trainer;
  const std::vector<Message> messages = {Heartbeat{}, Result{},  WeightsReady{3}, WeightsCredit{1, 1 << 20},
                                         Work{},      Welcome{}, Failure{},       Goodbye{},
                                         Rejoin{}};
  const auto answers = trainer.say(5, 0, messages);
  CHECK(answers.size() == messages.size());
  for (const Envelope& answer : answers) {
    CHECK(std::holds_alternative<Rejoin>(answer.message));
    CHECK(answer.stamp.session == 5);
  }
  CHECK(trainer.hub.stats().generated == 0);
}

// A link to peers that take nothing.
class DeafPeers final : public ServerLink {
 public:
  bool send(const PeerId&, const Envelope&) override { return ++num_tried_, false; }
  std::optional<Received> receive(Milliseconds) override { return std::nullopt; }
  void wake() override {}
  LinkStats stats() const override { return {}; }
  int64_t num_tried_ = 0;
};

TEST_CASE("hub: a worker that sends on and on and takes nothing does not fill the memory") {
  const test::QuietLog quiet;
  DeafPeers link;
  FakeSource source;
  Hub hub(link, source.welcome(), kFakeVocab, {});
  const Time now{};
  hub.on_message({"peer", {{1, 0}, Hello{1}}}, now);
  uint64_t number = 1;
  for (; number < 100'000; ++number) {
    const int64_t before = link.num_tried_;
    hub.on_message({"peer", {{1, number}, Result{kProbeCall, number}}}, now);
    if (link.num_tried_ > before) break;  // it is asked to join again: nothing of it is kept
  }
  CHECK(number > 1000);
  CHECK(number < 10'000);
}

TEST_CASE("hub: a worker that has said nothing but Hello may say anything next") {
  const test::QuietLog quiet;
  ByHand trainer;
  base::ThreadPool pool(1);
  trainer.hub.give_weights(copy_weights(3, trainer.source.tensors(), pool));
  trainer.say(1, 0,
              {Hello{9, "x\x1b[2J"}, Result{7, 7}, Result{kProbeCall, 0}, WeightsReady{4}, WeightsCredit{1, 1 << 20},
               Work{}, Welcome{}, Refusal{}, Rejoin{}, ResultAck{}});
  CHECK(trainer.hub.num_joined() == 0);
  CHECK_FALSE(trainer.hub.wants_probe());
  CHECK(trainer.hub.stats().generated == 0);
}

TEST_CASE("hub: an old Hello that arrives late changes nothing, a new one begins anew") {
  const test::QuietLog quiet;
  ByHand trainer;
  CHECK(std::holds_alternative<Welcome>(trainer.say(2, 0, {Hello{9}}).at(0).message));
  CHECK(trainer.say(1, 0, {Hello{9}}).empty());
  CHECK(trainer.say(2, 0, {Hello{9}}).empty());
  CHECK(trainer.say(2, 1, {Heartbeat{}}).empty());  // the session goes on
  const auto answers = trainer.say(3, 0, {Hello{9}});
  CHECK(std::holds_alternative<Welcome>(answers.at(0).message));
  CHECK(answers.at(0).stamp.session == 3);
}

TEST_CASE("hub: a refused worker's next Hello is refused at once, another's is welcome") {
  const test::QuietLog quiet;
  FakeSource source;
  int64_t num_welcomes = 0;
  bool has_lost = false;
  const auto script = [&](Way, const PeerId&, Envelope& envelope) {
    num_welcomes += std::holds_alternative<Welcome>(envelope.message);
    if (!std::holds_alternative<Refusal>(envelope.message) || std::exchange(has_lost, true)) return Fate{};
    return Fate{0};  // so that it asks again
  };
  Simulation simulation(source, {.timeout_s = 30}, script);
  const size_t wrong = simulation.add_worker(wrong_hosts());
  simulation.add_worker();
  check_call(simulation, source, 1);
  simulation.pass(100, [&] { return !simulation.worker(wrong); });
  CHECK_FALSE(simulation.worker(wrong));
  CHECK(simulation.stats().refused == 1);
  CHECK(num_welcomes == 2);
}

TEST_CASE("hub: a timeout that a heartbeat cannot keep is an Error") {
  FakeSource source;
  Network network;
  const auto server = network.server();
  test::check_error([&] { Hub(*server, source.welcome(), kFakeVocab, {.heartbeat_s = 2, .timeout_s = 2}); },
                    "silent for 2 s count as gone, and they speak every 2 s", "workers.timeout_s", "several times");
}

}  // namespace
}  // namespace lockstep::rollout::remote
