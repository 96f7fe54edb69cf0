// SPDX-License-Identifier: Apache-2.0
// Thin calls into libzmq; what its codes mean is decided here and nowhere else.
#include "rollout/remote/zmq_handles.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

const char* fix_for(int code) {
  switch (code) {
    case EADDRINUSE:
      return "another process listens there: choose another port, or end that process";
    case EADDRNOTAVAIL:
    case ENODEV:
      return "name an address or interface of this machine (`ip addr` lists them)";
    case EACCES:
      return "choose a port above 1023, or a folder that you may write";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENOMEM:
      return "use a machine with more memory";
    default:
      return "check the endpoint and the network of this machine";
  }
}

void release(void*, void* hint) { delete static_cast<std::string*>(hint); }

}  // namespace

void throw_zmq(std::string_view action, const std::string& where) {
  const int code = ::zmq_errno();
  throw Error(cat("cannot ", action, ": ", ::zmq_strerror(code)), where, fix_for(code));
}

ZmqContext::ZmqContext() : context_(::zmq_ctx_new()) {
  if (context_ == nullptr) throw_zmq("start libzmq", "libzmq");
}

ZmqContext::~ZmqContext() {
  while (::zmq_ctx_term(context_) != 0 && ::zmq_errno() == EINTR) {
  }
}

ZmqMessage::ZmqMessage(std::string bytes) {
  auto owned = std::make_unique<std::string>(std::move(bytes));
  if (::zmq_msg_init_data(&message_, owned->data(), owned->size(), release, owned.get()) != 0) {
    throw_zmq("make a message", "libzmq");
  }
  owned.release();  // libzmq calls `release` once nobody needs it
}

std::string_view ZmqMessage::bytes() const {
  return {static_cast<const char*>(::zmq_msg_data(&message_)), ::zmq_msg_size(&message_)};
}

std::string ZmqMessage::property(const char* name) const {
  const char* value = ::zmq_msg_gets(&message_, name);
  return value == nullptr ? "" : value;
}

ZmqSocket::ZmqSocket(const ZmqContext& context, int type) : socket_(::zmq_socket(context.get(), type)) {
  if (socket_ == nullptr) throw_zmq("make a socket", "libzmq");
}

ZmqSocket::~ZmqSocket() { ::zmq_close(socket_); }

void ZmqSocket::set(int option, int value) {
  if (::zmq_setsockopt(socket_, option, &value, sizeof value) != 0)
    throw_zmq("set a socket option", cat("option ", option));
}

void ZmqSocket::set(int option, int64_t value) {
  if (::zmq_setsockopt(socket_, option, &value, sizeof value) != 0)
    throw_zmq("set a socket option", cat("option ", option));
}

void ZmqSocket::set(int option, const std::string& value) {
  if (::zmq_setsockopt(socket_, option, value.data(), value.size()) != 0) {
    throw_zmq("set a socket option", cat("option ", option));  // the value may be a secret
  }
}

void ZmqSocket::bind(const std::string& endpoint) {
  if (::zmq_bind(socket_, endpoint.c_str()) != 0) throw_zmq("listen", endpoint);
}

void ZmqSocket::connect(const std::string& endpoint) {
  if (::zmq_connect(socket_, endpoint.c_str()) != 0) throw_zmq("connect", endpoint);
}

std::string ZmqSocket::last_endpoint() const {
  std::array<char, 512> text{};
  size_t size = text.size();
  if (::zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) throw_zmq("read the endpoint", "libzmq");
  return text.data();
}

bool ZmqSocket::try_receive(ZmqMessage& message) {
  for (;;) {
    if (::zmq_msg_recv(message.get(), socket_, ZMQ_DONTWAIT) >= 0) return true;
    if (::zmq_errno() == EAGAIN) return false;
    if (::zmq_errno() != EINTR) throw_zmq("receive", "libzmq");
  }
}

bool ZmqSocket::try_send(ZmqMessage& message, bool has_more) {
  for (;;) {
    if (::zmq_msg_send(message.get(), socket_, ZMQ_DONTWAIT | (has_more ? ZMQ_SNDMORE : 0)) >= 0) return true;
    if (::zmq_errno() == EAGAIN || ::zmq_errno() == EHOSTUNREACH) return false;
    if (::zmq_errno() != EINTR) throw_zmq("send", "libzmq");
  }
}

std::vector<std::string> ZmqSocket::try_receive_parts(size_t max_parts) {
  std::vector<std::string> parts;
  for (bool has_more = true; has_more;) {
    ZmqMessage part;
    if (!try_receive(part)) break;
    if (parts.size() < max_parts) parts.emplace_back(part.bytes());
    has_more = part.has_more();
  }
  return parts;
}

Waker::Waker() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_.number() < 0) base::throw_errno("make an event", "eventfd", errno);
}

void Waker::wake() {
  const uint64_t one = 1;
  // Fails only when 2^64 - 2 calls wait to be cleared: the event is set then anyway.
  [[maybe_unused]] const ssize_t written = ::write(event_.number(), &one, sizeof one);
}

void Waker::clear() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(event_.number(), &count, sizeof count);
}

Ready wait_for(const ZmqSocket& first, const ZmqSocket* second, const Waker& waker, std::chrono::milliseconds timeout) {
  std::array<zmq_pollitem_t, 3> items = {zmq_pollitem_t{first.get(), 0, ZMQ_POLLIN, 0},
                                         zmq_pollitem_t{nullptr, waker.number(), ZMQ_POLLIN, 0},
                                         zmq_pollitem_t{second ? second->get() : nullptr, 0, ZMQ_POLLIN, 0}};
  const auto limit = std::chrono::milliseconds(std::numeric_limits<int>::max());
  const int num_items = second ? 3 : 2;
  const int count = ::zmq_poll(items.data(), num_items, static_cast<long>(std::min(timeout, limit).count()));
  if (count < 0 && ::zmq_errno() != EINTR) throw_zmq("wait for messages", "libzmq");
  if (count <= 0) return {};
  const auto is_ready = [&](size_t i) { return (items[i].revents & ZMQ_POLLIN) != 0; };
  return {.first = is_ready(0), .second = second && is_ready(2), .woken = is_ready(1)};
}

}  // namespace lockstep::rollout::remote
