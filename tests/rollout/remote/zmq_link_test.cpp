// SPDX-License-Identifier: Apache-2.0
// Links over ZeroMQ between honest peers: traffic both ways, large messages, peers that come, go and return.
#include "rollout/remote/zmq_link.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/text.h"
#include "tests/rollout/remote/sample_messages.h"
#include "tests/rollout/remote/zmq_peers.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

using test::check_error;
using test::Keys;
using test::kPatience;
using test::receive_from;
using test::send_until_taken;

void check_traffic(const ServerLinkOptions& server_options, ClientLinkOptions client_options) {
  ZmqServerLink server(server_options);
  client_options.endpoint = server.endpoint();
  ZmqClientLink client(client_options);
  const std::vector<Envelope> messages = test::sample_messages();
  PeerId peer;
  for (const Envelope& message : messages) {
    send_until_taken(client, message);
    const std::optional<Received> received = server.receive(kPatience);
    REQUIRE(received.has_value());
    CHECK(encode(received->envelope) == encode(message));
    peer = received->peer;
  }
  for (const Envelope& message : messages) {
    CHECK(server.send(peer, message));
    const std::optional<Envelope> received = client.receive(kPatience);
    REQUIRE(received.has_value());
    CHECK(encode(*received) == encode(message));
  }
  CHECK(server.stats().garbage + server.stats().unauthenticated + server.stats().unsent == 0);
}

TEST_CASE("zmq link: every message travels both ways, over each transport, with and without keys") {
  const test::TempFolder folder;
  const Keys keys;
  for (const std::string& endpoint : {std::string("tcp://127.0.0.1:0"), "ipc://" + folder.path("socket")}) {
    CAPTURE(endpoint);
    check_traffic({.endpoint = endpoint}, {});
    check_traffic(keys.server(endpoint), keys.client());
  }
}

TEST_CASE("zmq link: port 0 becomes a free port that endpoint() tells") {
  ZmqServerLink a({.endpoint = "tcp://127.0.0.1:0"}), b({.endpoint = "tcp://127.0.0.1:0"});
  CHECK(a.endpoint().starts_with("tcp://127.0.0.1:"));
  CHECK_FALSE(a.endpoint().ends_with(":0"));
  CHECK(a.endpoint() != b.endpoint());
  check_error([&] { ZmqServerLink({.endpoint = a.endpoint()}); }, "cannot listen: Address already in use", a.endpoint(),
              "choose another port");
}

TEST_CASE("zmq link: a message of 32 MiB arrives whole, with and without keys") {
  const Keys keys;
  std::string bytes(size_t{32} << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  for (const bool with_keys : {false, true}) {
    ZmqServerLink server(with_keys ? keys.server() : ServerLinkOptions{.endpoint = "tcp://127.0.0.1:0"});
    ZmqClientLink client(with_keys ? keys.client(server) : ClientLinkOptions{.endpoint = server.endpoint()});
    send_until_taken(client, {{}, WeightsChunk{1, 2, bytes}});
    const std::optional<Received> received = server.receive(kPatience);
    REQUIRE(received.has_value());
    CHECK(std::get<WeightsChunk>(received->envelope.message).bytes == bytes);
    CHECK(server.send(received->peer, received->envelope));
    const std::optional<Envelope> back = client.receive(kPatience);
    REQUIRE(back.has_value());
    CHECK(std::get<WeightsChunk>(back->message).bytes == bytes);
  }
}

TEST_CASE("zmq link: 50 peers join, are told apart, and leave; a send to one that has left is false") {
  const Keys keys;
  ZmqServerLink server(keys.server());
  std::set<PeerId> peers;
  PeerId last;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<ZmqClientLink>> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<ZmqClientLink>(keys.client(server)));
    for (size_t i = 0; i < clients.size(); ++i) send_until_taken(*clients[i], {{i, 0}, Hello{}});
    for (size_t i = 0; i < clients.size(); ++i) {
      const std::optional<Received> received = server.receive(kPatience);
      REQUIRE(received.has_value());
      last = received->peer;
      peers.insert(last);
      CHECK(server.send(last, {received->envelope.stamp, Heartbeat{}}));
    }
    for (size_t i = 0; i < clients.size(); ++i) {
      const std::optional<Envelope> answer = clients[i]->receive(kPatience);
      REQUIRE(answer.has_value());
      CHECK(answer->stamp.session == i);  // its own, not another's
    }
  }
  CHECK(peers.size() == 50);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool was_taken = true;
  while (was_taken && std::chrono::steady_clock::now() < deadline) {
    was_taken = server.send(last, {{}, Heartbeat{}});
    server.receive(Milliseconds(1));
  }
  CHECK_FALSE(was_taken);
  CHECK(server.stats().unsent == 1);
  CHECK_FALSE(server.send("nobody", {{}, Heartbeat{}}));
  CHECK(server.stats().unauthenticated == 0);
}

TEST_CASE("zmq link: a client finds a trainer that starts later, and again one that starts anew on the same port") {
  const Keys keys;
  for (const bool with_keys : {false, true}) {
    ServerLinkOptions options = with_keys ? keys.server() : ServerLinkOptions{.endpoint = "tcp://127.0.0.1:0"};
    options.endpoint = ZmqServerLink(options).endpoint();
    ClientLinkOptions client_options = with_keys ? keys.client() : ClientLinkOptions{};
    client_options.endpoint = options.endpoint;
    ZmqClientLink client(client_options);
    CHECK_FALSE(client.send({{}, Hello{}}));  // nobody is there, and nothing is kept for later
    CHECK(client.stats().unsent == 1);
    for (uint64_t start = 1; start <= 4; ++start) {
      CAPTURE(start);
      ZmqServerLink server(options);
      if (start % 2 == 0) client.reconnect();  // with and without being asked
      // A message may be taken while nobody has noticed yet that the connection broke: what matters is asked again.
      const auto deadline = std::chrono::steady_clock::now() + kPatience;
      std::optional<Envelope> answer;
      while (!answer && std::chrono::steady_clock::now() < deadline) {
        client.send({{start, 0}, Hello{}});
        if (const std::optional<Received> received = server.receive(Milliseconds(1))) {
          CHECK(received->envelope.stamp.session == start);
          server.send(received->peer, {{start, 1}, Heartbeat{}});
        }
        answer = client.receive(Milliseconds(1));
        if (answer && answer->stamp.session < start) answer.reset();  // it had arrived before the connection broke
      }
      REQUIRE(answer.has_value());
      CHECK(answer->stamp.session == start);
    }
  }
}

TEST_CASE("zmq link: reconnect makes another peer, and what was queued for the old one does not reach it") {
  ZmqServerLink server({.endpoint = "tcp://127.0.0.1:0"});
  ZmqClientLink client({.endpoint = server.endpoint()});
  send_until_taken(client, {{1, 0}, Hello{}});
  const PeerId before = receive_from(server).peer;
  CHECK(server.send(before, {{1, 0}, Heartbeat{}}));
  client.reconnect();
  send_until_taken(client, {{2, 0}, Hello{}});
  const PeerId after = receive_from(server).peer;
  CHECK(after != before);
  CHECK(server.send(after, {{2, 0}, Heartbeat{}}));
  const std::optional<Envelope> answer = client.receive(kPatience);
  REQUIRE(answer.has_value());
  CHECK(answer->stamp.session == 2);
}

TEST_CASE("zmq link: the last words arrive although their sender is closed at once") {
  for (int i = 0; i < 20; ++i) {
    std::optional<ZmqServerLink> server;
    server.emplace(ServerLinkOptions{.endpoint = "tcp://127.0.0.1:0"});
    std::optional<ZmqClientLink> client;
    client.emplace(ClientLinkOptions{.endpoint = server->endpoint()});
    ZmqClientLink other({.endpoint = server->endpoint()});
    send_until_taken(*client, {{}, Hello{}});
    receive_from(*server);
    send_until_taken(other, {{}, Hello{}});
    const PeerId peer = receive_from(*server).peer;
    CHECK(client->send({{}, Goodbye{"worker"}}));
    client.reset();
    CHECK(std::get<Goodbye>(receive_from(*server).envelope.message).reason == "worker");
    for (int word = 0; word < 10; ++word) CHECK(server->send(peer, {{}, Goodbye{cat("trainer ", word)}}));
    server.reset();
    for (int word = 0; word < 10; ++word) {
      const std::optional<Envelope> last = other.receive(kPatience);
      REQUIRE(last.has_value());
      CHECK(std::get<Goodbye>(last->message).reason == cat("trainer ", word));
    }
  }
}

TEST_CASE("zmq link: wake ends a wait from another thread, and the next wait when nobody waits") {
  ZmqServerLink server({.endpoint = "tcp://127.0.0.1:0"});
  ZmqClientLink client({.endpoint = server.endpoint()});
  const auto start = std::chrono::steady_clock::now();
  server.wake();
  CHECK_FALSE(server.receive(kPatience).has_value());
  client.wake();
  CHECK_FALSE(client.receive(kPatience).has_value());
  std::thread waker([&] { server.wake(), client.wake(); });
  CHECK_FALSE(server.receive(kPatience).has_value());
  CHECK_FALSE(client.receive(kPatience).has_value());
  waker.join();
  CHECK(std::chrono::steady_clock::now() - start < kPatience);
  CHECK_FALSE(server.receive(Milliseconds(0)).has_value());
  CHECK_FALSE(server.receive(Milliseconds(-5)).has_value());
  CHECK_FALSE(server.receive(Milliseconds(1)).has_value());
}

TEST_CASE("zmq link: send never waits: a peer that reads nothing makes it false, and others still get theirs") {
  LinkLimits limits{.send_queue = 4, .receive_queue = 4};
  ZmqServerLink server({.endpoint = "tcp://127.0.0.1:0", .limits = limits});
  ZmqClientLink deaf({.endpoint = server.endpoint(), .limits = limits});
  ZmqClientLink other({.endpoint = server.endpoint(), .limits = limits});
  send_until_taken(deaf, {{}, Hello{}});
  const PeerId deaf_peer = receive_from(server).peer;
  send_until_taken(other, {{}, Hello{}});
  const PeerId other_peer = receive_from(server).peer;
  const Envelope chunk{{}, WeightsChunk{1, 0, std::string(1 << 20, 'w')}};
  int taken = 0;
  while (taken < 1000 && server.send(deaf_peer, chunk)) ++taken;
  CHECK(taken >= 4);
  CHECK(taken < 1000);
  CHECK(server.stats().unsent == 1);
  CHECK(server.send(other_peer, {{7, 0}, Heartbeat{}}));
  const std::optional<Envelope> received = other.receive(kPatience);
  REQUIRE(received.has_value());
  CHECK(received->stamp.session == 7);
}

TEST_CASE("zmq link: a message above the limit is an Error of its sender") {
  ZmqServerLink server({.endpoint = "tcp://127.0.0.1:0", .limits = {.max_message_bytes = 1000}});
  ZmqClientLink client({.endpoint = server.endpoint(), .limits = {.max_message_bytes = 1000}});
  const Envelope large{{}, WeightsChunk{1, 0, std::string(1000, 'w')}};
  check_error([&] { server.send("anybody", large); }, "a message of 1056 bytes is above the limit of 1000",
              "message WeightsChunk", "send less at once");
  check_error([&] { client.send(large); }, "a message of 1056 bytes is above the limit of 1000", "message WeightsChunk",
              "send less at once");
}

TEST_CASE("zmq link: beyond this machine without keys, and half of the keys, are Errors on both sides") {
  const Keys keys;
  check_error([] { ZmqServerLink({.endpoint = "tcp://*:0"}); }, "reaches beyond this machine", "tcp://*:0",
              "lockstep keygen");
  check_error([] { ZmqClientLink({.endpoint = "tcp://trainer:5570"}); }, "reaches beyond this machine",
              "tcp://trainer:5570", "insecure_lab");
  CHECK_NOTHROW(ZmqServerLink({.endpoint = "tcp://*:0", .insecure_lab = true}));
  CHECK_NOTHROW(ZmqClientLink({.endpoint = "tcp://trainer.invalid:5570", .insecure_lab = true}));
  CHECK_NOTHROW(ZmqServerLink(keys.server("tcp://*:0")));
  const std::string local = "tcp://127.0.0.1:1";
  check_error([&] { ZmqServerLink({.endpoint = local, .keys = keys.trainer}); }, "no worker may join", local,
              "name both");
  check_error([&] { ZmqServerLink({.endpoint = local, .allowed = keys.allowed}); }, "of no use without an own key",
              local, "name both");
  check_error([&] { ZmqClientLink({.endpoint = local, .keys = keys.worker}); }, "the trainer's public key is missing",
              local, "name both");
  check_error([&] { ZmqClientLink({.endpoint = local, .server_key = keys.trainer.public_key}); },
              "of no use without an own key", local, "name both");
  check_error([] { ZmqServerLink({.endpoint = "tcp://127.0.0.1"}); }, "this is no endpoint", "tcp://127.0.0.1",
              "for example");
}

}  // namespace
}  // namespace lockstep::rollout::remote
