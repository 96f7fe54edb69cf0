// SPDX-License-Identifier: Apache-2.0
// Links within one process, for tests: what is lost, repeated, delayed or altered on the way is said by a script.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "rollout/remote/link.h"
#include "rollout/remote/peer.h"

namespace lockstep::rollout::remote {

enum class Way { to_trainer, to_worker };

// What becomes of a message.
struct Fate {
  int copies = 1;  // 0: it is lost
  Time::duration delay{};
};

// Thread-safe. With a clock of its own (virtual time) nothing waits: receive returns what is due.
class Network {
 public:
  // May alter the message. Called once a message, in the order of sending.
  using Script = std::function<Fate(Way, const PeerId&, Envelope&)>;
  using Clock = std::function<Time()>;

  explicit Network(Script script = {}, Clock virtual_clock = {});
  std::unique_ptr<ServerLink> server();
  std::unique_ptr<ClientLink> client();  // peers are "peer 1", "peer 2", ... in the order of connections
  std::optional<Time> next_delivery() const;

 private:
  template <class T>
  using Box = std::multimap<Time, T>;  // by time of delivery; of equal times the first sent comes first
  class Server;
  class Client;

  Time now() const { return clock_ ? clock_() : std::chrono::steady_clock::now(); }
  template <class T>
  void post(Way way, const PeerId& peer, Envelope envelope, Box<T>& box, const std::function<T(const Envelope&)>& wrap);
  template <class T>
  std::optional<T> take(const std::function<Box<T>&()>& box, bool& is_woken, Milliseconds timeout);

  Script script_;
  Clock clock_;
  mutable std::mutex mutex_;
  std::condition_variable has_news_;
  int num_connections_ = 0;
  Box<Received> to_trainer_;
  std::map<PeerId, Box<Envelope>> to_workers_;
};

}  // namespace lockstep::rollout::remote
