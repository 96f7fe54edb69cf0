// SPDX-License-Identifier: Apache-2.0
// Links among strangers: nobody gets a message through without the right keys, and no bytes harm the server or its peers.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/rollout/remote/sample_messages.h"
#include "tests/rollout/remote/zmq_peers.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rollout::remote {
namespace {

using std::string_literals::operator""s;
using test::Keys;
using test::kPatience;
using test::receive_from;
using test::send_until_taken;

constexpr const char* kLocal = "tcp://127.0.0.1:0";

// A peer that sends whatever bytes it likes as ZeroMQ messages.
class RawPeer {
 public:
  explicit RawPeer(const ZmqServerLink& server, const Keys* keys = nullptr) : socket_(context_, ZMQ_DEALER) {
    socket_.set(ZMQ_LINGER, 0);
    socket_.set(ZMQ_SNDHWM, 0);
    if (keys) {
      socket_.set(ZMQ_CURVE_PUBLICKEY, keys->worker.public_key);
      socket_.set(ZMQ_CURVE_SECRETKEY, keys->worker.secret_key);
      socket_.set(ZMQ_CURVE_SERVERKEY, keys->trainer.public_key);
    }
    socket_.connect(server.endpoint());
  }
  // Queued even before there is a connection.
  void send(std::vector<std::string> parts) {
    for (size_t i = 0; i < parts.size(); ++i) {
      ZmqMessage part(std::move(parts[i]));
      CHECK(socket_.try_send(part, i + 1 < parts.size()));
    }
  }
  void send(const Envelope& envelope) { send(std::vector<std::string>{encode(envelope)}); }

 private:
  ZmqContext context_;
  ZmqSocket socket_;
};

// A TCP connection without any ZeroMQ on this side.
class PlainSocket {
 public:
  explicit PlainSocket(const std::string& endpoint) : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    REQUIRE(::connect(handle_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  // The server may close at any byte.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(handle_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
  }

 private:
  base::FileHandle handle_;
};

// Waits until `condition` holds, while the server does what it does.
void serve_until(ZmqServerLink& server, const auto& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    CHECK_FALSE(server.receive(Milliseconds(1)).has_value());  // nothing gets through meanwhile
  }
}

// An honest worker is served as if nothing had happened.
void check_serves(ZmqServerLink& server, const ClientLinkOptions& options, uint64_t session) {
  ZmqClientLink client(options);
  send_until_taken(client, {{session, 0}, Hello{}});
  const Received received = receive_from(server);
  CHECK(received.envelope.stamp.session == session);
  CHECK(server.send(received.peer, {{session, 0}, Heartbeat{}}));
  CHECK(client.receive(kPatience).has_value());
}

void check_turned_away(ZmqServerLink& server, const ClientLinkOptions& options) {
  const int64_t before = server.stats().unauthenticated;
  ZmqClientLink client(options);
  bool was_taken = false;
  serve_until(server, [&] {
    was_taken = was_taken || client.send({{}, Hello{}});
    client.receive(Milliseconds(1));
    return server.stats().unauthenticated > before && client.stats().unauthenticated > 0;
  });
  CHECK_FALSE(was_taken);
}

TEST_CASE(
    "zmq link: without a key, with one that is not listed, for another trainer: nothing gets through, each is "
    "counted") {
  const Keys keys, strangers;
  ZmqServerLink server(keys.server());
  SUBCASE("no key") { check_turned_away(server, {.endpoint = server.endpoint()}); }
  SUBCASE("not on the list") {
    check_turned_away(server,
                      {.endpoint = server.endpoint(), .keys = strangers.worker, .server_key = keys.trainer.public_key});
  }
  SUBCASE("the key of another trainer") {
    check_turned_away(server,
                      {.endpoint = server.endpoint(), .keys = keys.worker, .server_key = strangers.trainer.public_key});
  }
  SUBCASE("a listed public key without its secret one") {
    KeyPair forged = strangers.worker;
    forged.public_key = keys.worker.public_key;
    check_turned_away(server, {.endpoint = server.endpoint(), .keys = forged, .server_key = keys.trainer.public_key});
  }
  check_serves(server, keys.client(server), 9);
  CHECK(server.stats().garbage == 0);
}

TEST_CASE("zmq link: what was queued before the connection is refused with it") {
  const Keys keys;
  ZmqServerLink server(keys.server());
  RawPeer stranger(server);
  for (int i = 0; i < 10; ++i) stranger.send({{}, Hello{}});
  serve_until(server, [&] { return server.stats().unauthenticated > 0; });
  check_serves(server, keys.client(server), 1);
}

TEST_CASE("zmq link: a worker that was refused joins once the trainer has started anew with its key on the list") {
  const Keys keys, strangers;
  std::optional<ZmqServerLink> server;
  ServerLinkOptions options = keys.server();
  options.allowed = strangers.allowed;
  server.emplace(options);
  options.endpoint = server->endpoint();
  ClientLinkOptions client_options = keys.client(*server);
  client_options.limits.max_retry = Milliseconds(10);
  ZmqClientLink client(client_options);
  serve_until(*server, [&] {
    client.receive(Milliseconds(1));
    return client.stats().unauthenticated > 0;
  });
  server.reset();
  options.allowed = keys.allowed;
  server.emplace(options);
  send_until_taken(client, {{8, 0}, Hello{}});
  CHECK(receive_from(*server).envelope.stamp.session == 8);
}

TEST_CASE("zmq link: a worker with keys does not join a trainer without") {
  const Keys keys;
  ZmqServerLink server({.endpoint = kLocal});
  check_turned_away(server, keys.client(server));
  check_serves(server, {.endpoint = server.endpoint()}, 2);
}

TEST_CASE("zmq link: garbage is dropped and counted by reason, and its sender may still send messages") {
  const Keys keys;
  for (const bool with_keys : {false, true}) {
    ZmqServerLink server(with_keys ? keys.server() : ServerLinkOptions{.endpoint = kLocal});
    RawPeer peer(server, with_keys ? &keys : nullptr);
    const std::string good = encode({{5, 6}, Heartbeat{}});
    std::string other = good, flipped = good;
    other[4] = 99;
    flipped.back() ^= 1;
    peer.send({"junk"});
    peer.send({""});
    peer.send({"", good});  // as a REQ socket would
    peer.send({good, good, good});
    peer.send({flipped});
    peer.send({other});
    peer.send({{5, 6}, Heartbeat{}});
    CHECK(receive_from(server).envelope.stamp.session == 5);
    CHECK(server.stats().garbage == 5);
    CHECK(server.stats().other_protocol == 1);
  }
}

TEST_CASE("zmq link: raw bytes over TCP harm nobody, whether they are random or begin like a handshake") {
  const Keys keys;
  const std::string greeting =
      "\xff\0\0\0\0\0\0\0\1\x7f\3\0CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s + std::string(31, '\0');
  for (const bool with_keys : {false, true}) {
    ZmqServerLink server(with_keys ? keys.server() : ServerLinkOptions{.endpoint = kLocal});
    const ClientLinkOptions honest = with_keys ? keys.client(server) : ClientLinkOptions{.endpoint = server.endpoint()};
    base::Random random(3, "raw bytes");
    for (int i = 0; i < 40; ++i) {
      std::string bytes(random.below(3000), '\0');
      for (char& c : bytes) c = static_cast<char>(random.bits());
      PlainSocket socket(server.endpoint());
      socket.send((i % 2 == 0 ? greeting : "") + bytes);
    }
    PlainSocket huge(server.endpoint());  // a frame of 2^63 - 1 bytes, as ZMTP 1.0 writes it
    huge.send("\1\0\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0"s + std::string(100000, 'x'));
    PlainSocket old(server.endpoint());  // a message as ZMTP 1.0 writes it: to a server with keys it is nothing
    old.send("\1\0\5\0junk"s);
    const int64_t garbage_before = server.stats().garbage;
    if (!with_keys) serve_until(server, [&] { return server.stats().garbage > garbage_before; });
    check_serves(server, honest, 3);
    if (with_keys) CHECK(server.stats().garbage == 0);
  }
}

TEST_CASE("zmq link: a message above the limit ends its sender's connection, and nobody else's") {
  const Keys keys;
  for (const bool with_keys : {false, true}) {
    ServerLinkOptions options = with_keys ? keys.server() : ServerLinkOptions{.endpoint = kLocal};
    options.limits.max_message_bytes = 1 << 20;
    ZmqServerLink server(options);
    const ClientLinkOptions honest = with_keys ? keys.client(server) : ClientLinkOptions{.endpoint = server.endpoint()};
    ZmqClientLink witness(honest);
    send_until_taken(witness, {{1, 0}, Hello{}});
    const PeerId witness_peer = receive_from(server).peer;
    ZmqClientLink large(honest);                                                       // its own limit is 64 MiB
    send_until_taken(large, {{2, 0}, WeightsChunk{1, 0, std::string(1 << 20, 'x')}});  // little above: kept and dropped
    serve_until(server, [&] { return server.stats().garbage == 1; });
    send_until_taken(large, {{2, 0}, WeightsChunk{1, 0, std::string(2 << 20, 'x')}});  // far above: not even kept
    // Once the connection is closed the client makes another, through which small messages pass.
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::optional<Received> small;
    while (!small && std::chrono::steady_clock::now() < deadline) {
      large.send({{3, 0}, Heartbeat{}});
      large.receive(Milliseconds(1));
      small = server.receive(Milliseconds(5));
    }
    REQUIRE(small.has_value());
    CHECK(small->envelope.stamp.session == 3);
    CHECK(server.send(witness_peer, {{4, 0}, Heartbeat{}}));
    const std::optional<Envelope> received = witness.receive(kPatience);
    REQUIRE(received.has_value());
    CHECK(received->stamp.session == 4);
    CHECK(server.stats().unauthenticated == 0);
    CHECK(server.stats().garbage == 1);
  }
}

// Runs `flood` again and again on a thread of its own until the test is over.
class Flood {
 public:
  explicit Flood(std::function<void()> flood)
      : thread_([this, flood = std::move(flood)] {
          while (!is_over_) flood();
        }) {}
  ~Flood() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

TEST_CASE(
    "zmq link: peers take turns: in a flood of messages or of garbage from one, another's message comes within a few") {
  for (const bool is_garbage : {false, true}) {
    CAPTURE(is_garbage);
    ZmqServerLink server({.endpoint = kLocal});
    ZmqClientLink other({.endpoint = server.endpoint()});
    send_until_taken(other, {{1, 0}, Hello{}});
    receive_from(server);
    auto flooder = std::make_unique<ZmqClientLink>(ClientLinkOptions{.endpoint = server.endpoint()});
    RawPeer raw(server);
    int64_t ahead = 0;
    {
      const Flood flood([&] {
        if (is_garbage) {
          for (int i = 0; i < 100; ++i) raw.send({"junk"});
          flooder->receive(Milliseconds(1));
        } else if (!flooder->send({{2, 0}, Heartbeat{}})) {
          flooder->receive(Milliseconds(1));
        }
      });
      const auto has_begun = [&] { return server.stats().garbage >= 1000 || ahead >= 1000; };
      while (!has_begun()) ahead += server.receive(Milliseconds(1)).has_value();
      // Half of what passes is the flood's, as soon as the message is here; until then it is only that.
      for (uint64_t i = 0; i < 20; ++i) {
        send_until_taken(other, {{1, i}, Heartbeat{}});
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        std::optional<Received> received;
        while (!received || received->envelope.stamp.session != 1) {
          REQUIRE(std::chrono::steady_clock::now() < deadline);
          received = server.receive(Milliseconds(10));
        }
        CHECK(received->envelope.stamp.number == i);
      }
      // A flood of garbage does not hold receive beyond its time either.
      const auto start = std::chrono::steady_clock::now();
      server.receive(Milliseconds(0));
      CHECK(std::chrono::steady_clock::now() - start < kPatience);
    }
  }
}

TEST_CASE("zmq link: 1000 frames of garbage are counted one by one and logged in a few lines, without what they hold") {
  const test::TempFolder folder;
  base::set_log_file(folder.path("log"));
  ZmqServerLink server({.endpoint = kLocal});
  RawPeer peer(server);
  for (int i = 0; i < 1000; ++i) peer.send({"\x1b[31mjunk, longer than a header"});
  const auto start = std::chrono::steady_clock::now();
  serve_until(server, [&] { return server.stats().garbage == 1000; });
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
  base::set_log_file("");
  int64_t lines = 0;
  base::for_each_line(folder.path("log"), [&](std::string_view line, size_t) {
    ++lines;
    CHECK(line.find("a message of 127.0.0.1 was dropped: no Lockstep frame") != std::string_view::npos);
    CHECK(line.find("junk") == std::string_view::npos);
  });
  CHECK(lines >= 1);
  CHECK(lines <= seconds + 1);
}

TEST_CASE("zmq link: who was turned away, and why, is in the log of both sides; secret keys are not") {
  const test::TempFolder folder;
  const Keys keys, strangers;
  base::set_log_file(folder.path("log"));
  {
    ZmqServerLink server(keys.server());
    check_turned_away(server,
                      {.endpoint = server.endpoint(), .keys = strangers.worker, .server_key = keys.trainer.public_key});
    { PlainSocket leaves_at_once(server.endpoint()); }
    serve_until(server, [&] { return server.stats().unauthenticated == 2; });
  }
  base::set_log_file("");
  const std::string log = base::read_file(folder.path("log"));
  for (const std::string& line :
       {cat("a peer was refused: 127.0.0.1 has a key that is not on the allow list: ", strangers.worker.public_key),
        "a peer was refused: the handshake was not finished"s, "no connection to the trainer at tcp://127.0.0.1:"s,
        ": this worker's key is not on the trainer's list"s}) {
    CAPTURE(line);
    CHECK(log.find(line) != std::string::npos);
  }
  for (const std::string& secret : {keys.trainer.secret_key, keys.worker.secret_key, strangers.worker.secret_key}) {
    CHECK(log.find(secret) == std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::rollout::remote
