// SPDX-License-Identifier: Apache-2.0
// A server on loopback that answers request after request with given bytes, as slowly as a test wants.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/loopback.h"

namespace lockstep::rewards::plugins {

class ScriptedServer {
 public:
  struct Pace {
    int delay_ms = 0;       // before an answer
    int byte_delay_ms = 0;  // after each byte of it
  };
  explicit ScriptedServer(std::vector<std::string> answers, Pace pace = {0, 0}) : answers_(std::move(answers)), pace_(pace) {
    acceptor_ = std::jthread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    is_stopping_ = true;
    acceptor_.join();
    clients_.clear();
  }

  int port() const { return listener_.port; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool wait(int number) const {
    pollfd entry{number, POLLIN, 0};
    while (!is_stopping_) {
      if (::poll(&entry, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    for (size_t next = 0; wait(listener_.socket.number()); ++next) {
      const int client = ::accept4(listener_.socket.number(), nullptr, nullptr, SOCK_CLOEXEC);
      clients_.emplace_back([this, client, next] { serve(base::FileHandle(client), next); });
    }
  }

  void serve(base::FileHandle client, size_t index) {
    std::string request;
    char buffer[4096];
    const auto is_whole = [&] {
      const size_t head = request.find("\r\n\r\n"), field = request.find("Content-Length: ");
      return head != std::string::npos && field != std::string::npos &&
             request.size() >= head + 4 + static_cast<size_t>(std::atoll(request.c_str() + field + 16));
    };
    while (!is_whole()) {
      if (!wait(client.number())) return;
      const ssize_t bytes = ::recv(client.number(), buffer, sizeof buffer, 0);
      if (bytes <= 0) return;
      request.append(buffer, static_cast<size_t>(bytes));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    if (index < answers_.size()) answer(client, answers_[index]);
  }

  void answer(const base::FileHandle& client, const std::string& text) {
    for (int waited = 0; waited < pace_.delay_ms && !is_stopping_; waited += 10) ::poll(nullptr, 0, 10);
    const size_t piece = pace_.byte_delay_ms > 0 ? 1 : text.size();
    for (size_t at = 0; at < text.size() && !is_stopping_; at += piece) {
      if (::send(client.number(), text.data() + at, piece, MSG_NOSIGNAL) < 0) return;
      if (pace_.byte_delay_ms > 0) ::poll(nullptr, 0, pace_.byte_delay_ms);
    }
  }

  std::vector<std::string> answers_;
  Pace pace_;
  base::Listener listener_ = base::listen_on_loopback(0, "");
  std::atomic<bool> is_stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::jthread> clients_;  // the acceptor's own until it is joined
  std::jthread acceptor_;
};

}  // namespace lockstep::rewards::plugins
