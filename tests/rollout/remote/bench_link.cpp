// SPDX-License-Identifier: Apache-2.0
// Not a test: prints how fast a stream of weights passes over loopback, with and without keys, and what a round trip takes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "rollout/remote/zmq_link.h"

namespace lockstep::rollout::remote {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Milliseconds kPatience{60000};
constexpr uint64_t kStreamBytes = uint64_t{256} << 20, kChunkBytes = uint64_t{1} << 20,
                   kWindowBytes = uint64_t{16} << 20;
constexpr int kRoundTrips = 2000;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The worker: answers every heartbeat, and every chunk with a credit.
void follow(ClientLink& client) {
  while (!client.send({{}, Hello{}})) client.receive(Milliseconds(1));
  while (const std::optional<Envelope> envelope = client.receive(kPatience)) {
    if (const auto* chunk = std::get_if<WeightsChunk>(&envelope->message)) {
      client.send({{}, WeightsCredit{chunk->version, chunk->offset + chunk->bytes.size()}});
    } else if (std::holds_alternative<Goodbye>(envelope->message)) {
      return;
    } else {
      client.send({{}, Heartbeat{}});
    }
  }
}

// The trainer: as many chunks as the window allows are under way.
void stream(ServerLink& server, const PeerId& peer) {
  WeightsChunk chunk{1, 0, std::string(kChunkBytes, 'w')};
  uint64_t acknowledged = 0;
  while (acknowledged < kStreamBytes) {
    while (chunk.offset < kStreamBytes && chunk.offset - acknowledged < kWindowBytes) {
      if (!server.send(peer, {{}, chunk})) break;
      chunk.offset += kChunkBytes;
    }
    const std::optional<Received> received = server.receive(kPatience);
    if (!received) std::abort();
    acknowledged = std::get<WeightsCredit>(received->envelope.message).offset;
  }
}

}  // namespace

void measure(const char* name, const ServerLinkOptions& server_options, ClientLinkOptions client_options) {
  ZmqServerLink server(server_options);
  client_options.endpoint = server.endpoint();
  std::thread worker([&] {
    ZmqClientLink client(client_options);
    follow(client);
  });
  const PeerId peer = server.receive(kPatience).value().peer;
  double best = 0;
  for (int run = 0; run < 5; ++run) {
    const Clock::time_point start = Clock::now();
    stream(server, peer);
    best = std::max(best, kStreamBytes / seconds_since(start) / 1e6);
  }
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kRoundTrips; ++i) {
    server.send(peer, {{}, Heartbeat{}});
    if (!server.receive(kPatience)) std::abort();
  }
  const double microseconds = seconds_since(start) / kRoundTrips * 1e6;
  server.send(peer, {{}, Goodbye{}});
  worker.join();
  std::printf("%-14s 256 MiB in chunks of 1 MiB: %6.0f MB/s   round trip of a heartbeat: %.0f us\n", name, best,
              microseconds);
}

}  // namespace lockstep::rollout::remote

int main() {
  namespace remote = lockstep::rollout::remote;
  const remote::KeyPair trainer = remote::generate_keys(), worker = remote::generate_keys();
  const std::string endpoint = "tcp://127.0.0.1:0";
  remote::measure("without keys", {.endpoint = endpoint}, {});
  remote::measure("with CURVE", {.endpoint = endpoint, .keys = trainer, .allowed = {{worker.public_key, "worker"}}},
                  {.keys = worker, .server_key = trainer.public_key});
}
