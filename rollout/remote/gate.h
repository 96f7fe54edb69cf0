// SPDX-License-Identifier: Apache-2.0
// The thread that lets peers in: it answers libzmq's questions about their keys and counts those that were turned away.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "rollout/remote/rate_limit.h"
#include "rollout/remote/zap.h"
#include "rollout/remote/zmq_handles.h"

namespace lockstep::rollout::remote {

// One event of a socket's monitor.
struct MonitorEvent {
  uint16_t kind = 0;  // ZMQ_EVENT_...
  uint32_t value = 0;
};

// Events of handshakes that failed before a key was judged.
inline constexpr int kHandshakeFailures = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
// What such an event means, as far as it is known; "" for another event.
std::string handshake_failure(const MonitorEvent& event);

// The events of `socket` from now on. Reads stop before the monitor ends: libzmq would wait for a reader for ever.
class Monitor {
 public:
  Monitor(const ZmqContext& context, const ZmqSocket& socket, int events);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  std::optional<MonitorEvent> next();  // nullopt when there is none now
  const ZmqSocket& events() const { return events_; }

 private:
  const ZmqSocket& socket_;
  ZmqSocket events_;
};

class Gate {
 public:
  // `keys` empty: peers need none, and only broken handshakes are counted. Lives shorter than `socket`, and is made before
  // it is bound.
  Gate(const ZmqContext& context, const ZmqSocket& socket, const std::vector<AllowedKey>& keys);
  ~Gate();
  int64_t num_refused() const { return num_refused_; }

 private:
  void run();
  void answer();
  void note_events();
  void refuse(const char* kind, const std::string& why);

  AllowList allowed_;
  ZmqSocket questions_;
  Monitor monitor_;
  Waker stop_;
  RateLimit log_;
  std::atomic<int64_t> num_refused_{0};
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace lockstep::rollout::remote
