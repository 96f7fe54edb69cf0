// SPDX-License-Identifier: Apache-2.0
// Ends of links for tests: keys that fit, waits that end, a plain socket that speaks no protocol.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "rollout/remote/frame.h"
#include "rollout/remote/zmq_link.h"

namespace lockstep::test {

// Far above what anything here takes; a test that waits so long has failed.
inline constexpr rollout::remote::Milliseconds kPatience{20000};

// A trainer's keys, and those of a worker that is on its list.
struct Keys {
  rollout::remote::KeyPair trainer = rollout::remote::generate_keys(), worker = rollout::remote::generate_keys();
  std::vector<rollout::remote::AllowedKey> allowed = {{worker.public_key, "worker 1"}};

  rollout::remote::ServerLinkOptions server(const std::string& endpoint = "tcp://127.0.0.1:0") const {
    return {.endpoint = endpoint, .keys = trainer, .allowed = allowed};
  }
  rollout::remote::ClientLinkOptions client() const { return {.keys = worker, .server_key = trainer.public_key}; }
  rollout::remote::ClientLinkOptions client(const rollout::remote::ZmqServerLink& server) const {
    rollout::remote::ClientLinkOptions options = client();
    options.endpoint = server.endpoint();
    return options;
  }
};

// Sends once the connection stands: it is made in the background, and `receive` is where a client waits.
inline void send_until_taken(rollout::remote::ZmqClientLink& client, const rollout::remote::Envelope& envelope) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!client.send(envelope)) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    client.receive(rollout::remote::Milliseconds(1));
  }
}

inline rollout::remote::Received receive_from(rollout::remote::ZmqServerLink& server) {
  std::optional<rollout::remote::Received> received = server.receive(kPatience);
  REQUIRE(received.has_value());
  return std::move(*received);
}

}  // namespace lockstep::test
