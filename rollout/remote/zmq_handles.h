// SPDX-License-Identifier: Apache-2.0
// libzmq's objects with owners, its codes as Errors, and the one way in which a thread here waits.
#pragma once

#include <zmq.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rollout::remote {

// Throws Error{"cannot <action>: <meaning of zmq_errno()>", where, an action that fits}.
[[noreturn]] void throw_zmq(std::string_view action, const std::string& where);

class ZmqContext {
 public:
  ZmqContext();
  ~ZmqContext();  // waits for what is queued, as long as the sockets' linger says
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  void* get() const { return context_; }

 private:
  void* context_;
};

class ZmqMessage {
 public:
  ZmqMessage() { ::zmq_msg_init(&message_); }
  explicit ZmqMessage(std::string bytes);  // takes the bytes over without a copy
  ~ZmqMessage() { ::zmq_msg_close(&message_); }
  ZmqMessage(const ZmqMessage&) = delete;
  ZmqMessage& operator=(const ZmqMessage&) = delete;

  std::string_view bytes() const;
  bool has_more() const { return ::zmq_msg_more(&message_) != 0; }
  std::string property(const char* name) const;  // "Peer-Address", "User-Id"; "" when there is none
  zmq_msg_t* get() { return &message_; }

 private:
  mutable zmq_msg_t message_;  // libzmq's accessors take it without const
};

// Of one thread, as libzmq's sockets are.
class ZmqSocket {
 public:
  ZmqSocket(const ZmqContext& context, int type);
  ~ZmqSocket();
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;
  void* get() const { return socket_; }

  void set(int option, int value);
  void set(int option, int64_t value);
  void set(int option, const std::string& value);
  void bind(const std::string& endpoint);
  void connect(const std::string& endpoint);
  std::string last_endpoint() const;

  // False when nothing is there now. The parts of a message arrive together: after the first, the others are there.
  bool try_receive(ZmqMessage& message);
  // False when the peer is unknown or its queue full; then nothing is sent.
  bool try_send(ZmqMessage& message, bool has_more);
  // Every part of the next message; empty when there is none. Of at most `max_parts`, the others are dropped.
  std::vector<std::string> try_receive_parts(size_t max_parts);

 private:
  void* socket_;
};

// Lets another thread end a wait.
class Waker {
 public:
  Waker();
  void wake();   // from any thread
  void clear();  // forgets that wake was called
  int number() const { return event_.number(); }

 private:
  base::FileHandle event_;
};

// What a wait ended with; nothing is set after the timeout or a signal.
struct Ready {
  bool first = false, second = false, woken = false;
};
// Until one of the sockets has a message or `waker` is woken, for `timeout` at most; a negative one has no end. `second` may
// be null.
Ready wait_for(const ZmqSocket& first, const ZmqSocket* second, const Waker& waker, std::chrono::milliseconds timeout);

}  // namespace lockstep::rollout::remote
