// SPDX-License-Identifier: Apache-2.0
// The gate's thread, and libzmq's monitor of handshakes.
#include "rollout/remote/gate.h"

#include <pthread.h>
#include <signal.h>

#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

// Signals are for the threads that know what to do with them: a new thread inherits that it takes none.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::string monitor_endpoint(const ZmqSocket& socket) { return cat("inproc://lockstep.monitor.", socket.get()); }

}  // namespace

std::string handshake_failure(const MonitorEvent& event) {
  if (event.kind == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return "the handshake was not finished";
  if (event.kind != ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) return "";
  switch (event.value) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
      return "one side has keys and the other has none";
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
      return "the keys do not fit, as with the public key of another trainer";
    default:
      return cat("the handshake is broken (libzmq's code ", event.value, ")");
  }
}

Monitor::Monitor(const ZmqContext& context, const ZmqSocket& socket, int events)
    : socket_(socket), events_(context, ZMQ_PAIR) {
  const std::string endpoint = monitor_endpoint(socket);
  events_.set(ZMQ_RCVHWM, 0);  // libzmq's own thread writes here and must never wait
  if (::zmq_socket_monitor(socket.get(), endpoint.c_str(), events) != 0) throw_zmq("watch handshakes", "libzmq");
  events_.connect(endpoint);
}

Monitor::~Monitor() { ::zmq_socket_monitor(socket_.get(), nullptr, 0); }

std::optional<MonitorEvent> Monitor::next() {
  const std::vector<std::string> parts = events_.try_receive_parts(2);
  MonitorEvent event;
  if (parts.empty() || parts[0].size() != sizeof event.kind + sizeof event.value) return std::nullopt;
  std::memcpy(&event.kind, parts[0].data(), sizeof event.kind);
  std::memcpy(&event.value, parts[0].data() + sizeof event.kind, sizeof event.value);
  return event;
}

Gate::Gate(const ZmqContext& context, const ZmqSocket& socket, const std::vector<AllowedKey>& keys)
    : allowed_(keys),
      questions_(context, ZMQ_REP),
      monitor_(context, socket, kHandshakeFailures | ZMQ_EVENT_DISCONNECTED) {
  questions_.bind(kZapEndpoint);
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

Gate::~Gate() {
  stop_.wake();
  thread_.join();
}

void Gate::run() {
  try {
    for (;;) {
      const Ready ready = wait_for(questions_, &monitor_.events(), stop_, std::chrono::milliseconds(-1));
      if (ready.woken) return;
      if (ready.first) answer();
      if (ready.second) note_events();
    }
  } catch (const std::exception& failure) {  // nobody gets in any more
    base::log(base::LogLevel::error, cat("workers are not let in any more: ", failure.what()));
  }
}

void Gate::answer() {
  const std::vector<std::string> request = questions_.try_receive_parts(kMaxZapParts);
  if (request.empty()) return;
  AllowList::Answer answer = allowed_.answer(request);
  if (!answer.refusal.empty()) refuse("key", answer.refusal);
  if (answer.reply.empty()) answer.reply = {""};  // malformed as the question was; libzmq then closes the connection
  for (size_t i = 0; i < answer.reply.size(); ++i) {
    ZmqMessage part(std::move(answer.reply[i]));
    if (!questions_.try_send(part, i + 1 < answer.reply.size())) return;
  }
}

void Gate::note_events() {
  while (const std::optional<MonitorEvent> event = monitor_.next()) {
    if (const std::string why = handshake_failure(*event); !why.empty()) {
      refuse("handshake", why);
    } else if (log_.admit("closed")) {
      base::log_info("a connection was closed: the peer left, fell silent, or sent too much at once");
    }
  }
}

void Gate::refuse(const char* kind, const std::string& why) {
  ++num_refused_;
  log_.warn(kind, cat("a peer was refused: ", why));
}

}  // namespace lockstep::rollout::remote
