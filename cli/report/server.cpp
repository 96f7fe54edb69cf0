// SPDX-License-Identifier: Apache-2.0
// A poll loop over connections that never block; each has a deadline, so a slow client keeps nobody waiting.
#include "cli/report/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/loopback.h"
#include "base/text.h"

namespace lockstep::cli::report {
namespace {

using Clock = std::chrono::steady_clock;

// Reads a head, answers, and then discards what still comes until the client closes: closing with unread bytes would reset
// the connection and could take the answer with it.
class Connection {
 public:
  Connection(base::FileHandle socket, Clock::time_point deadline) : socket_(std::move(socket)), deadline_(deadline) {}

  int number() const { return socket_.number(); }
  Clock::time_point deadline() const { return deadline_; }
  short events() const { return state_ == State::writes ? POLLOUT : POLLIN; }
  bool is_over(Clock::time_point now) const { return state_ == State::over || now >= deadline_; }

  // Goes on as far as it can without waiting.
  void advance(uint16_t port, const std::function<HttpResponse(const HttpRequest&)>& handle, const ServerLimits& limits) {
    if (state_ == State::reads) read_head(port, handle, limits);
    if (state_ == State::writes) write_answer();
    if (state_ == State::drains) drain();
  }

 private:
  enum class State { reads, writes, drains, over };

  // Bytes received now; 0 when there are none, or when the connection ended.
  size_t receive(char* buffer, size_t size) {
    const ssize_t got = ::recv(socket_.number(), buffer, size, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) state_ = State::over;
    return got > 0 ? static_cast<size_t>(got) : 0;
  }

  void read_head(uint16_t port, const std::function<HttpResponse(const HttpRequest&)>& handle, const ServerLimits& limits) {
    std::array<char, kMaxRequestBytes + 1> buffer;
    in_.append(buffer.data(), receive(buffer.data(), buffer.size() - in_.size()));
    const size_t end = in_.find("\r\n\r\n");
    if (state_ == State::over || (end == std::string::npos && in_.size() <= kMaxRequestBytes)) return;
    HttpHead head;
    if (end == std::string::npos) {
      head.refusal = 431;
    } else {
      head = parse_http_head(std::string_view(in_).substr(0, end + 4), port);
    }
    HttpResponse response = {.status = head.refusal, .body = "the request is refused\n"};
    if (head.refusal == 0) response = handle(head.request);
    if (head.refusal == 405) response.headers.emplace_back("Allow", "GET, HEAD");
    out_ = http_text(response, head.request.is_head);
    state_ = State::writes;
    deadline_ = Clock::now() + limits.response_time;
  }

  void write_answer() {
    while (sent_ < out_.size()) {
      const ssize_t sent = ::send(socket_.number(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) {
        state_ = State::over;
        return;
      }
      sent_ += static_cast<size_t>(sent);
    }
    ::shutdown(socket_.number(), SHUT_WR);
    state_ = State::drains;
    deadline_ = std::min(deadline_, Clock::now() + std::chrono::seconds(1));
  }

  void drain() {
    std::array<char, 16384> buffer;
    drained_ += receive(buffer.data(), buffer.size());
    if (drained_ > 4 * buffer.size()) state_ = State::over;
  }

  base::FileHandle socket_;
  Clock::time_point deadline_;
  State state_ = State::reads;
  std::string in_, out_;
  size_t sent_ = 0, drained_ = 0;
};

int poll_ms(const std::vector<Connection>& connections, Clock::time_point now) {
  auto wait = std::chrono::milliseconds(200);
  for (const auto& connection : connections)
    wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(connection.deadline() - now));
  return static_cast<int>(std::max<int64_t>(0, wait.count()));
}

HttpResponse answer(const Server::Handler& handler, const HttpRequest& request, const std::function<void(const char*)>& on_fault) {
  try {
    return handler(request);
  } catch (const std::exception& fault) {
    on_fault(fault.what());
    return {.status = 500, .body = "the request failed; the terminal says why\n"};
  }
}

}  // namespace

Server::Server(uint16_t port, const ServerLimits& limits) : limits_(limits) {
  auto listener = base::listen_on_loopback(port, "give another --port; 0 takes a free one");
  ::fcntl(listener.socket.number(), F_SETFL, O_NONBLOCK);
  listener_ = std::move(listener.socket);
  port_ = listener.port;
}

void Server::run(const Handler& handler, const std::atomic<bool>& stop, const std::function<void(const char*)>& on_fault) {
  std::vector<Connection> connections;
  const auto handle = [&](const HttpRequest& request) { return answer(handler, request, on_fault); };
  while (!stop) {
    std::vector<pollfd> waits;
    for (const auto& connection : connections) waits.push_back({connection.number(), connection.events(), 0});
    if (connections.size() < limits_.max_connections) waits.push_back({listener_.number(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), poll_ms(connections, Clock::now())) < 0 && errno != EINTR)
      throw Error(cat("cannot wait for connections: ", ::strerror(errno)), cat("127.0.0.1:", port_), "start the server again");
    for (size_t i = 0; i < connections.size(); ++i)
      if (waits[i].revents != 0) connections[i].advance(port_, handle, limits_);
    const auto now = Clock::now();
    std::erase_if(connections, [&](const Connection& connection) { return connection.is_over(now); });
    if (waits.empty() || waits.back().fd != listener_.number() || waits.back().revents == 0) continue;
    base::FileHandle accepted(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.number() >= 0) {
      connections.emplace_back(std::move(accepted), Clock::now() + limits_.request_time);
    } else if (errno != EAGAIN) {
      ::poll(nullptr, 0, 50);  // out of descriptors: the client still waits, and asking at once again would only spin
    }
  }
}

}  // namespace lockstep::cli::report
