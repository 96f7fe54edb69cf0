// SPDX-License-Identifier: Apache-2.0
// Both links: options in their constructors, then frames in and out without ever waiting for a peer.
#include "rollout/remote/zmq_link.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "rollout/remote/frame.h"

namespace lockstep::rollout::remote {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kCurveBytes = 1024;  // what encryption adds to a message, amply
constexpr int kZapEnforceDomain = 93;  // libzmq 4.3 takes it in every build, but zmq.h names it in draft builds only
constexpr int kDropsAtOnce = 64;       // frames thrown away before a deadline that has passed ends the search

int number(Milliseconds time) { return static_cast<int>(time.count()); }

Endpoint checked_endpoint(const std::string& text, EndpointUse use, bool has_keys, bool insecure_lab) {
  Endpoint endpoint = parse_endpoint(text, use);
  check_reach(endpoint, has_keys, insecure_lab);
  return endpoint;
}

void set_limits(ZmqSocket& socket, const LinkLimits& limits, const Endpoint& endpoint) {
  socket.set(ZMQ_MAXMSGSIZE, limits.max_message_bytes + kCurveBytes);
  socket.set(ZMQ_SNDHWM, limits.send_queue);
  socket.set(ZMQ_RCVHWM, limits.receive_queue);
  socket.set(ZMQ_LINGER, number(limits.linger));
  socket.set(ZMQ_HANDSHAKE_IVL, number(limits.handshake));
  socket.set(ZMQ_HEARTBEAT_IVL, number(limits.heartbeat));
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, number(limits.timeout));
  socket.set(ZMQ_IPV6, endpoint.is_ipv6 ? 1 : 0);
}

void set_own_keys(ZmqSocket& socket, const KeyPair& keys) {
  socket.set(ZMQ_CURVE_PUBLICKEY, keys.public_key);
  socket.set(ZMQ_CURVE_SECRETKEY, keys.secret_key);
}

std::string encode_within(const Envelope& envelope, const LinkLimits& limits) {
  std::string frame = encode(envelope);
  if (static_cast<int64_t>(frame.size()) > limits.max_message_bytes) {
    throw Error(cat("a message of ", frame.size(), " bytes is above the limit of ", limits.max_message_bytes),
                cat("message ", message_name(envelope.message)),
                "send less at once: fewer samples per prompt, shorter ones");
  }
  return frame;
}

// The peer's address, and its name if its key has one.
std::string sender_of(const ZmqMessage& frame) {
  const std::string address = frame.property("Peer-Address"), user = frame.property("User-Id");
  return base::printable(cat(address.empty() ? "a peer" : address, user.empty() ? "" : " ", user));
}

// Calls `take` until it has a message. False once the timeout has passed, or the waker or a signal ended the wait.
template <class Take>
bool take_until(Milliseconds timeout, Waker& waker, const Take& take, const auto& wait) {
  const Clock::time_point deadline =
      Clock::now() + std::clamp(timeout, Milliseconds(0), Milliseconds(std::chrono::hours(24)));
  for (int drops = 0;;) {
    const Taken taken = take();
    if (taken == Taken::message) return true;
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    if (taken == Taken::dropped) {
      if (++drops >= kDropsAtOnce && left.count() <= 0) return false;
      continue;
    }
    if (left.count() <= 0) return false;
    const Ready ready = wait(left);
    if (ready.woken) waker.clear();
    if (!ready.first && !ready.second) return false;
  }
}

}  // namespace

std::optional<Envelope> Intake::take(ZmqSocket& socket, const ZmqMessage& frame, const LinkLimits& limits) {
  const auto size = static_cast<int64_t>(frame.bytes().size());
  if (frame.has_more()) {
    socket.try_receive_parts(0);
    drop_garbage(frame, "more than one part");
    return std::nullopt;
  }
  if (size > limits.max_message_bytes) {
    drop_garbage(frame, cat(size, " bytes are above the limit of ", limits.max_message_bytes));
    return std::nullopt;
  }
  std::variant<Envelope, BadFrame> decoded = decode(frame.bytes());
  if (auto* envelope = std::get_if<Envelope>(&decoded)) return std::move(*envelope);
  const BadFrame& bad = std::get<BadFrame>(decoded);
  if (bad.is_other_protocol) {
    ++num_other_protocol_;
    log_.warn("other protocol", cat("a message of ", sender_of(frame), " was dropped: ", bad.reason));
  } else {
    drop_garbage(frame, bad.reason);
  }
  return std::nullopt;
}

void Intake::drop_garbage(const ZmqMessage& frame, const std::string& reason) {
  ++num_garbage_;
  log_.warn("garbage", cat("a message of ", sender_of(frame), " was dropped: ", reason));
}

ZmqServerLink::ZmqServerLink(const ServerLinkOptions& options)
    : limits_(options.limits), socket_(context_, ZMQ_ROUTER), gate_(context_, socket_, options.allowed) {
  const Endpoint endpoint =
      checked_endpoint(options.endpoint, EndpointUse::listen, options.keys.has_value(), options.insecure_lab);
  if (options.keys.has_value() != !options.allowed.empty()) {
    throw Error(options.keys ? "the trainer has a key, but no worker may join"
                             : "workers' keys are of no use without an own key",
                endpoint.text, "name both: the trainer's .key file, and the list of the workers' public keys");
  }
  set_limits(socket_, limits_, endpoint);
  socket_.set(ZMQ_ROUTER_MANDATORY, 1);  // a send to a peer that is gone says so
  if (options.keys) {
    socket_.set(ZMQ_CURVE_SERVER, 1);
    set_own_keys(socket_, *options.keys);
    socket_.set(ZMQ_ZAP_DOMAIN, std::string(kZapDomain));
    socket_.set(kZapEnforceDomain, 1);  // were the gate gone, nobody would get in
  }
  socket_.bind(endpoint.text);
  endpoint_ = socket_.last_endpoint();
}

bool ZmqServerLink::send(const PeerId& peer, const Envelope& envelope) {
  ZmqMessage id(peer), frame(encode_within(envelope, limits_));
  const bool is_sent = socket_.try_send(id, true) && socket_.try_send(frame, false);
  num_unsent_ += !is_sent;
  return is_sent;
}

Taken ZmqServerLink::take(Received& received) {
  ZmqMessage id, frame;
  if (!socket_.try_receive(id)) return Taken::nothing;
  if (!id.has_more() || !socket_.try_receive(frame)) return Taken::nothing;
  std::optional<Envelope> envelope = intake_.take(socket_, frame, limits_);
  if (!envelope) return Taken::dropped;
  received = {.peer = std::string(id.bytes()), .envelope = std::move(*envelope)};
  return Taken::message;
}

std::optional<Received> ZmqServerLink::receive(Milliseconds timeout) {
  Received received;
  const auto wait = [&](Milliseconds left) { return wait_for(socket_, nullptr, waker_, left); };
  if (!take_until(
          timeout, waker_, [&] { return take(received); }, wait))
    return std::nullopt;
  return received;
}

LinkStats ZmqServerLink::stats() const {
  return {.garbage = intake_.num_garbage(),
          .other_protocol = intake_.num_other_protocol(),
          .unauthenticated = gate_.num_refused(),
          .unsent = num_unsent_};
}

ZmqClientLink::ZmqClientLink(const ClientLinkOptions& options)
    : options_(options),
      endpoint_(
          checked_endpoint(options.endpoint, EndpointUse::connect, options.keys.has_value(), options.insecure_lab)) {
  if (options.keys.has_value() != !options.server_key.empty()) {
    throw Error(
        options.keys ? "the trainer's public key is missing" : "the trainer's key is of no use without an own key",
        endpoint_.text, "name both: this worker's .key file, and the trainer's .pub file");
  }
  reconnect();
}

void ZmqClientLink::reconnect() {
  is_connected_ = is_over_ = false;
  retry_at_.reset();
  monitor_.reset();
  if (socket_) socket_->set(ZMQ_LINGER, 0);
  socket_.emplace(context_, ZMQ_DEALER);
  set_limits(*socket_, options_.limits, endpoint_);
  socket_->set(ZMQ_RECONNECT_IVL, number(options_.limits.retry));
  socket_->set(ZMQ_RECONNECT_IVL_MAX, number(options_.limits.max_retry));
  socket_->set(ZMQ_CONNECT_TIMEOUT, number(options_.limits.handshake));
  if (options_.keys) {
    set_own_keys(*socket_, *options_.keys);
    socket_->set(ZMQ_CURVE_SERVERKEY, options_.server_key);
  }
  monitor_.emplace(
      context_, *socket_,
      kHandshakeFailures | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
  socket_->connect(endpoint_.text);
}

bool ZmqClientLink::send(const Envelope& envelope) {
  note_events();
  ZmqMessage frame(encode_within(envelope, options_.limits));
  const bool is_sent = is_connected_ && !is_over_ && socket_->try_send(frame, false);
  num_unsent_ += !is_sent;
  return is_sent;
}

Taken ZmqClientLink::take(Envelope& envelope) {
  note_events();
  ZmqMessage frame;
  if (!socket_->try_receive(frame)) {
    // Only now: what came before the connection broke, such as the trainer's last words, has been read.
    if (is_over_ || (retry_at_ && Clock::now() >= *retry_at_)) reconnect();
    return Taken::nothing;
  }
  std::optional<Envelope> taken = intake_.take(*socket_, frame, options_.limits);
  if (!taken) return Taken::dropped;
  envelope = std::move(*taken);
  return Taken::message;
}

void ZmqClientLink::note_events() {
  while (const std::optional<MonitorEvent> event = monitor_->next()) {
    if (event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      is_connected_ = true;
    } else if (event->kind == ZMQ_EVENT_DISCONNECTED) {
      is_over_ = is_over_ || is_connected_;
    } else {
      note_refusal(*event);
    }
  }
}

// The worker's user has to know why it does not join. After a refusal libzmq gives up, and the link does not: the trainer may
// start anew with another list.
void ZmqClientLink::note_refusal(const MonitorEvent& event) {
  ++num_refused_;
  std::string why = handshake_failure(event);
  if (event.kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) why = "this worker's key is not on the trainer's list";
  if (event.kind == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
    why = options_.keys ? "the trainer closed it while keys were exchanged: is the server key its own?"
                        : "the trainer closed it: does it ask for keys?";
  }
  log_.warn("handshake", cat("no connection to the trainer at ", endpoint_.text, ": ", why));
  retry_at_ = Clock::now() + options_.limits.max_retry;
}

std::optional<Envelope> ZmqClientLink::receive(Milliseconds timeout) {
  Envelope envelope;
  const auto wait = [&](Milliseconds left) {
    if (retry_at_) left = std::clamp(std::chrono::ceil<Milliseconds>(*retry_at_ - Clock::now()), Milliseconds(0), left);
    return wait_for(*socket_, &monitor_->events(), waker_, left);
  };
  if (!take_until(
          timeout, waker_, [&] { return take(envelope); }, wait))
    return std::nullopt;
  return envelope;
}

LinkStats ZmqClientLink::stats() const {
  return {.garbage = intake_.num_garbage(),
          .other_protocol = intake_.num_other_protocol(),
          .unauthenticated = num_refused_,
          .unsent = num_unsent_};
}

}  // namespace lockstep::rollout::remote
