// SPDX-License-Identifier: Apache-2.0
// The server: garbage, slow, silent and greedy clients get their end and keep nobody else waiting.
#include "cli/report/server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using cli::report::HttpRequest;
using cli::report::HttpResponse;
using cli::report::Server;
using Clock = std::chrono::steady_clock;

// A server in a thread of its own, ended at the end of the test.
class Running {
 public:
  explicit Running(const cli::report::ServerLimits& limits = {}) : server_(0, limits) {
    thread_ = std::thread([this] { server_.run(&answer, stop_, [this](const char* fault) { fault_ = fault; }); });
  }
  ~Running() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  uint16_t port() const { return server_.port(); }
  const std::string& fault() const { return fault_; }  // after stop()

 private:
  static HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/big") return {.body = std::string(8 << 20, 'b')};
    if (request.path == "/throw") throw Error("it broke", "here", "mend it");
    return {.body = "path " + request.path};
  }
  Server server_;
  std::atomic<bool> stop_{false};
  std::string fault_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  void send(const std::string& bytes) const { (void)!::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Everything until the server closes; fails the test when that takes longer than 20 s.
  std::string read_all() const {
    std::string out;
    const auto deadline = Clock::now() + 20s;
    while (true) {
      pollfd entry{socket_.number(), POLLIN, 0};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      REQUIRE(left > 0);
      if (::poll(&entry, 1, static_cast<int>(left)) <= 0) continue;
      char buffer[65536];
      const ssize_t got = ::recv(socket_.number(), buffer, sizeof buffer, 0);
      if (got <= 0) return out;
      out.append(buffer, static_cast<size_t>(got));
    }
  }

 private:
  base::FileHandle socket_;
};

std::string request_of(const Running& server, const std::string& path, const std::string& method = "GET") {
  return cat(method, " ", path, " HTTP/1.1\r\nHost: localhost:", server.port(), "\r\n\r\n");
}

std::string get(const Running& server, const std::string& path) {
  const Client client(server.port());
  client.send(request_of(server, path));
  return client.read_all();
}

}  // namespace

TEST_CASE("server: answers GET and HEAD, whole requests and requests that come byte by byte") {
  const Running server;
  CHECK(get(server, "/a").ends_with("\r\n\r\npath /a"));
  const Client slow(server.port());
  for (const char byte : request_of(server, "/slow")) {
    slow.send(std::string(1, byte));
    std::this_thread::sleep_for(1ms);
  }
  CHECK(slow.read_all().ends_with("\r\n\r\npath /slow"));
  const Client head(server.port());
  head.send(request_of(server, "/h", "HEAD"));
  const std::string answer = head.read_all();
  CHECK(answer.find("Content-Length: 7\r\n") != std::string::npos);
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("server: refuses foreign hosts, other methods and heads that are too long, and says so") {
  const Running server;
  const auto refused = [&](const std::string& bytes, const std::string& status) {
    const Client client(server.port());
    client.send(bytes);
    CHECK(client.read_all().starts_with("HTTP/1.1 " + status + " "));
  };
  refused("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403");
  refused(request_of(server, "/", "DELETE"), "405");
  refused("nonsense\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nX: " + std::string(100000, 'x'), "431");
  refused(cat("GET /", std::string(9000, 'p'), " HTTP/1.1\r\nHost: localhost:", server.port(), "\r\n\r\n"), "431");
}

TEST_CASE("server: random bytes never take it down") {
  const Running server;
  base::Random rng(9);
  for (int i = 0; i < 100; ++i) {
    const Client client(server.port());
    std::string bytes;
    for (uint64_t n = rng.below(3000); n > 0; --n) bytes += static_cast<char>(rng.below(256));
    client.send(bytes + (rng.chance(0.7) ? "\r\n\r\n" : ""));
  }
  CHECK(get(server, "/alive").ends_with("path /alive"));
}

TEST_CASE("server: silent clients end at their deadline, and keep others from nothing but places") {
  const Running server({.max_connections = 4, .request_time = 300ms});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 12; ++i) silent.push_back(std::make_unique<Client>(server.port()));
  const auto started = Clock::now();
  CHECK(get(server, "/next").ends_with("path /next"));  // behind three turns of four silent ones
  CHECK(Clock::now() - started < 10s);
  for (const auto& client : silent) CHECK(client->read_all().empty());
}

TEST_CASE("server: a client that does not take its answer is dropped, one that takes it slowly gets it whole, others are served meanwhile") {
  const Running server({.response_time = 700ms});
  const Client stuck(server.port(), 4096);
  stuck.send(request_of(server, "/big"));
  const Client reader(server.port());
  reader.send(request_of(server, "/big"));
  CHECK(get(server, "/quick").ends_with("path /quick"));
  CHECK(reader.read_all().size() > 8u << 20);
  std::this_thread::sleep_for(1500ms);
  CHECK(stuck.read_all().size() < 8u << 20);
}

TEST_CASE("server: a fault of the handler is status 500 and told once; the next request is served") {
  Running server;
  CHECK(get(server, "/throw").starts_with("HTTP/1.1 500 "));
  CHECK(get(server, "/after").ends_with("path /after"));
  server.stop();
  CHECK(server.fault().find("it broke") != std::string::npos);
}

TEST_CASE("server: ends soon after it is told to, with clients still connected") {
  Running server;
  const Client idle(server.port());
  const auto started = Clock::now();
  server.stop();
  CHECK(Clock::now() - started < 5s);
}

TEST_CASE("server: a port that is taken is an error that names it") {
  const Running server;
  check_error([&] { Server second(server.port()); }, "cannot listen", cat("127.0.0.1:", server.port()), "--port");
}

}  // namespace lockstep::test
