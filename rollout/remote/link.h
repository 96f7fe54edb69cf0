// SPDX-License-Identifier: Apache-2.0
// How messages travel: the trainer's end with many peers, the worker's with one. Over ZeroMQ in zmq_link.h, in memory in tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "rollout/remote/messages.h"

namespace lockstep::rollout::remote {

using Milliseconds = std::chrono::milliseconds;

// One connection of a worker, as the trainer names it.
using PeerId = std::string;

struct Received {
  PeerId peer;
  Envelope envelope;
};

// Frames that were thrown away before they became a message, by reason.
struct LinkStats {
  int64_t garbage = 0;         // wrong magic, checksum, type or fields
  int64_t other_protocol = 0;  // another kProtocolVersion
  int64_t unauthenticated =
      0;  // connections that broke off in the handshake, gave no key, an unknown one, or want another trainer
  int64_t unsent = 0;  // messages to a peer that was gone or whose queue was full
};

// One thread owns a link; only wake() may be called from others.
class ServerLink {
 public:
  virtual ~ServerLink() = default;
  // False when the peer is gone or takes nothing at the moment; the message is then lost, and never blocks.
  virtual bool send(const PeerId& peer, const Envelope& envelope) = 0;
  // The next message, waiting for it at most so long; a signal may end the wait earlier. Peers take turns.
  virtual std::optional<Received> receive(Milliseconds timeout) = 0;
  // A receive that waits, or else the next one, returns at once. From any thread.
  virtual void wake() = 0;
  virtual LinkStats stats() const = 0;
};

class ClientLink {
 public:
  virtual ~ClientLink() = default;
  // False while there is no connection (it is made in the background and again whenever it breaks), and when the trainer
  // takes nothing at the moment; the message is then lost, and never blocks. What was under way when a connection broke is
  // lost without a word: acknowledge what matters.
  virtual bool send(const Envelope& envelope) = 0;
  virtual std::optional<Envelope> receive(Milliseconds timeout) = 0;
  // Drops the connection and makes a new one to the same endpoint; what was queued is lost.
  virtual void reconnect() = 0;
  virtual void wake() = 0;  // as ServerLink's
};

}  // namespace lockstep::rollout::remote
