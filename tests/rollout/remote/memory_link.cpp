// SPDX-License-Identifier: Apache-2.0
// Boxes of messages under one lock.
#include "tests/rollout/remote/memory_link.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace lockstep::rollout::remote {

class Network::Server final : public ServerLink {
 public:
  explicit Server(Network& network) : network_(network) {}
  bool send(const PeerId& peer, const Envelope& envelope) override {
    const std::lock_guard lock(network_.mutex_);
    const auto box = network_.to_workers_.find(peer);
    if (box == network_.to_workers_.end()) return false;
    network_.post<Envelope>(Way::to_worker, peer, envelope, box->second, [](const Envelope& e) { return e; });
    return true;
  }
  std::optional<Received> receive(Milliseconds timeout) override {
    return network_.take<Received>(
        [&]() -> auto& { return network_.to_trainer_; }, is_woken_, timeout);
  }
  void wake() override {
    const std::lock_guard lock(network_.mutex_);
    is_woken_ = true;
    network_.has_news_.notify_all();
  }
  LinkStats stats() const override { return {}; }

 private:
  Network& network_;
  bool is_woken_ = false;
};

class Network::Client final : public ClientLink {
 public:
  explicit Client(Network& network) : network_(network) { connect(); }
  ~Client() override {
    const std::lock_guard lock(network_.mutex_);
    network_.to_workers_.erase(id_);
  }
  bool send(const Envelope& envelope) override {
    const std::lock_guard lock(network_.mutex_);
    const auto wrap = [&](const Envelope& e) { return Received{id_, e}; };
    network_.post<Received>(Way::to_trainer, id_, envelope, network_.to_trainer_, wrap);
    return true;
  }
  std::optional<Envelope> receive(Milliseconds timeout) override {
    return network_.take<Envelope>(
        [&]() -> auto& { return network_.to_workers_.at(id_); }, is_woken_, timeout);
  }
  void reconnect() override {
    {
      const std::lock_guard lock(network_.mutex_);
      network_.to_workers_.erase(id_);
    }
    connect();
  }
  void wake() override {
    const std::lock_guard lock(network_.mutex_);
    is_woken_ = true;
    network_.has_news_.notify_all();
  }

 private:
  void connect() {
    const std::lock_guard lock(network_.mutex_);
    id_ = cat("peer ", ++network_.num_connections_);
    network_.to_workers_[id_];
  }
  Network& network_;
  PeerId id_;
  bool is_woken_ = false;
};

Network::Network(Script script, Clock virtual_clock) : script_(std::move(script)), clock_(std::move(virtual_clock)) {}

std::unique_ptr<ServerLink> Network::server() { return std::make_unique<Server>(*this); }
std::unique_ptr<ClientLink> Network::client() { return std::make_unique<Client>(*this); }

std::optional<Time> Network::next_delivery() const {
  const std::lock_guard lock(mutex_);
  std::optional<Time> next;
  const auto look = [&](const auto& box) {
    if (!box.empty()) next = next ? std::min(*next, box.begin()->first) : box.begin()->first;
  };
  look(to_trainer_);
  for (const auto& [peer, box] : to_workers_) look(box);
  return next;
}

template <class T>
void Network::post(
    Way way, const PeerId& peer, Envelope envelope, Box<T>& box, const std::function<T(const Envelope&)>& wrap) {
  const Fate fate = script_ ? script_(way, peer, envelope) : Fate{};
  for (int i = 0; i < fate.copies; ++i) box.emplace(now() + fate.delay, wrap(envelope));
  has_news_.notify_all();
}

template <class T>
std::optional<T> Network::take(const std::function<Box<T>&()>& box, bool& is_woken, Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const Time deadline = now() + timeout;
  while (true) {
    Box<T>& messages = box();
    if (!messages.empty() && messages.begin()->first <= now()) {
      T message = std::move(messages.begin()->second);
      messages.erase(messages.begin());
      return message;
    }
    if (std::exchange(is_woken, false) || clock_ || now() >= deadline) return std::nullopt;
    has_news_.wait_until(lock, messages.empty() ? deadline : std::min(deadline, messages.begin()->first));
  }
}

}  // namespace lockstep::rollout::remote
