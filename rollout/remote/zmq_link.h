// SPDX-License-Identifier: Apache-2.0
// The links over ZeroMQ: a ROUTER socket that listens for workers, a DEALER socket that connects to the trainer.
//
// With keys, CURVE encrypts what travels and proves both ends to each other: a worker whose key is not on the list, or that
// expects another trainer, gets no message through. Without keys only this machine is reachable, unless `insecure_lab`.
//
// What a peer sends is bounded before it is kept, checked before it is a message, and else dropped, counted and logged, at
// most once a second for each reason. A message above the limit ends its sender's connection, and nobody else's. One known
// limit is libzmq's: a message of endlessly many parts is kept until it ends, so memory depends on the peers with keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rollout/remote/endpoint.h"
#include "rollout/remote/gate.h"
#include "rollout/remote/keys.h"
#include "rollout/remote/link.h"
#include "rollout/remote/rate_limit.h"
#include "rollout/remote/zmq_handles.h"

namespace lockstep::rollout::remote {

// Both ends of a link need not agree on these.
struct LinkLimits {
  int64_t max_message_bytes = int64_t{64} << 20;  // of a message that is sent or taken
  int send_queue = 256, receive_queue = 256;      // messages that wait for each peer on either side
  Milliseconds linger{1000};                      // for what is queued when the link ends
  Milliseconds handshake{10000};                  // until a new connection has said who it is
  // A connection on which nothing arrives for heartbeat + timeout is closed; the worker's end makes a new one. libzmq's own
  // threads do this while the link's owner is busy. But nothing arrives through a full queue either: an owner that leaves one
  // full for so long loses the connection, and what was under way in it.
  Milliseconds heartbeat{2000}, timeout{10000};
  Milliseconds retry{100}, max_retry{2000};  // between attempts to connect: doubled from the one to the other
};

struct ServerLinkOptions {
  std::string endpoint;                  // to listen on, as parse_endpoint takes it
  std::optional<KeyPair> keys = {};      // the trainer's own; then `allowed` must not be empty
  std::vector<AllowedKey> allowed = {};  // workers that may connect
  bool insecure_lab = false;
  LinkLimits limits = {};
};

struct ClientLinkOptions {
  std::string endpoint;
  std::optional<KeyPair> keys = {};  // the worker's own; then server_key must be there too
  std::string server_key = "";       // the trainer's public key
  bool insecure_lab = false;
  LinkLimits limits = {};
};

enum class Taken { message, dropped, nothing };

// Turns frames into messages; counts and logs those that are none.
class Intake {
 public:
  // The message of `frame`, just received from `socket`, from where further parts are taken if there are any; nullopt when
  // it was dropped.
  std::optional<Envelope> take(ZmqSocket& socket, const ZmqMessage& frame, const LinkLimits& limits);
  int64_t num_garbage() const { return num_garbage_; }
  int64_t num_other_protocol() const { return num_other_protocol_; }

 private:
  void drop_garbage(const ZmqMessage& frame, const std::string& reason);

  RateLimit log_;
  int64_t num_garbage_ = 0, num_other_protocol_ = 0;
};

class ZmqServerLink final : public ServerLink {
 public:
  // Listens from now on. Error on a bad endpoint, keys without an allow list or the reverse, an endpoint beyond this machine
  // without keys, and when the endpoint cannot be had.
  explicit ZmqServerLink(const ServerLinkOptions& options);

  // The endpoint with the port that was found, when 0 was asked for.
  std::string endpoint() const { return endpoint_; }
  // Error when the message is above max_message_bytes.
  bool send(const PeerId& peer, const Envelope& envelope) override;
  std::optional<Received> receive(Milliseconds timeout) override;
  void wake() override { waker_.wake(); }
  LinkStats stats() const override;

 private:
  Taken take(Received& received);

  LinkLimits limits_;
  Intake intake_;
  Waker waker_;
  int64_t num_unsent_ = 0;
  std::string endpoint_;
  ZmqContext context_;  // what follows must be gone before it
  ZmqSocket socket_;
  Gate gate_;
};

// While the owner calls receive, connections are made anew with fresh queues whenever one breaks, after all that had arrived
// was given out. (ZMQ_IMMEDIATE would lose the trainer's last words with the connection; libzmq's default would carry old
// messages over to the next one.)
class ZmqClientLink final : public ClientLink {
 public:
  // Connects in the background. Error as the server's; a trainer that is not there is none.
  explicit ZmqClientLink(const ClientLinkOptions& options);

  bool send(const Envelope& envelope) override;  // Error when the message is above max_message_bytes
  std::optional<Envelope> receive(Milliseconds timeout) override;
  void reconnect() override;
  void wake() override { waker_.wake(); }
  LinkStats stats() const;

 private:
  Taken take(Envelope& envelope);
  void note_events();
  void note_refusal(const MonitorEvent& event);

  ClientLinkOptions options_;
  Endpoint endpoint_;
  Intake intake_;
  RateLimit log_;
  Waker waker_;
  int64_t num_unsent_ = 0, num_refused_ = 0;
  ZmqContext context_;
  // Made anew by reconnect.
  std::optional<ZmqSocket> socket_;
  std::optional<Monitor> monitor_;
  bool is_connected_ = false, is_over_ = false;  // the handshake has succeeded; the connection has broken since
  std::optional<std::chrono::steady_clock::time_point> retry_at_;  // after a handshake that failed
};

}  // namespace lockstep::rollout::remote
