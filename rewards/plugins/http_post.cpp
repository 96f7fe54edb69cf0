// SPDX-License-Identifier: Apache-2.0
// A POST over a socket that never blocks: every wait is a poll until the deadline.
#include "rewards/plugins/http_post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/file_handle.h"
#include "base/text.h"
#include "rewards/plugins/http_answer.h"

namespace lockstep::rewards::plugins {
namespace {

using Clock = std::chrono::steady_clock;

struct TimedOut {};  // thrown inside this file only

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address address_of(const HttpUrl& url) {
  Address address;
  if (url.is_ipv6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(url.port);
    ::inet_pton(AF_INET6, url.host.c_str(), &in.sin6_addr);
    memcpy(&address.storage, &in, address.size = sizeof in);
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(url.port);
    ::inet_pton(AF_INET, url.host.c_str(), &in.sin_addr);
    memcpy(&address.storage, &in, address.size = sizeof in);
  }
  return address;
}

class Connection {
 public:
  Connection(const HttpUrl& url, Clock::time_point deadline) : deadline_(deadline) {
    const Address address = address_of(url);
    socket_ = base::FileHandle(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket_.number() < 0) fail("open a socket", errno);
    if (::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return;
    if (errno != EINPROGRESS) fail("connect", errno);
    wait(POLLOUT);
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) fail("connect", code);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN) {
        wait(POLLOUT);
      } else if (errno != EINTR) {
        fail("send", errno);
      }
    }
  }

  HttpAnswer receive() {
    HttpAnswer answer;
    std::array<char, size_t{64} << 10> buffer;
    while (!answer.is_complete()) {
      wait(POLLIN);
      const ssize_t bytes = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
      if (bytes > 0) answer.append({buffer.data(), static_cast<size_t>(bytes)});
      if (bytes == 0) answer.finish();
      if (bytes < 0 && errno != EAGAIN && errno != EINTR) fail("receive", errno);
    }
    return answer;
  }

 private:
  [[noreturn]] static void fail(const char* action, int code) {
    throw Error(cat("cannot ", action, ": ", ::strerror(code)), "HTTP", "look at the reward's server");
  }

  void wait(short events) const {
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
      if (left <= 0) throw TimedOut{};
      pollfd entry{socket_.number(), events, 0};
      if (::poll(&entry, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000))) > 0) return;
    }
  }

  Clock::time_point deadline_;
  base::FileHandle socket_;
};

[[noreturn]] void bad_url(const char* what, std::string_view url, const std::string& where) {
  throw Error(cat(what, ": ", base::printable(url.substr(0, 200))), where,
              "write http://ADDRESS:PORT/PATH with a numeric address or localhost; put a local proxy in front of TLS");
}

}  // namespace

bool HttpUrl::is_loopback() const { return is_ipv6 ? host == "::1" : host.starts_with("127."); }

HttpUrl parse_http_url(std::string_view url, const std::string& where) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) bad_url("not an http:// address", url, where);
  const std::string_view rest = url.substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  HttpUrl result;
  if (slash < rest.size()) result.path = rest.substr(slash);
  const bool is_plain = std::all_of(result.path.begin(), result.path.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!is_plain) bad_url("the path has characters that must be escaped", url, where);
  const size_t bracket = host.rfind(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (port.empty() || error != std::errc() || end != port.data() + port.size() || result.port == 0) bad_url("a bad port", url, where);
    host = host.substr(0, colon);
  }
  result.is_ipv6 = host.starts_with('[') && host.ends_with(']');
  result.host = host == "localhost" ? "127.0.0.1" : std::string(result.is_ipv6 ? host.substr(1, host.size() - 2) : host);
  std::array<unsigned char, 16> bytes;
  if (::inet_pton(result.is_ipv6 ? AF_INET6 : AF_INET, result.host.c_str(), bytes.data()) != 1) {
    bad_url("the host is no numeric address", url, where);
  }
  return result;
}

HttpUrl parse_local_url(std::string_view text, bool allow_remote, const std::string& where) {
  HttpUrl url = parse_http_url(text, where);
  if (!url.is_loopback() && !allow_remote) {
    throw Error(cat(url.host, " is another machine"), where,
                "set allow_remote if completions may travel there in clear text, or run a proxy on this machine");
  }
  return url;
}

HttpReply http_post(const HttpUrl& url, std::string_view json, Clock::time_point deadline, std::span<const HttpField> fields) {
  HttpReply reply;
  try {
    Connection connection(url, deadline);
    const std::string host = url.is_ipv6 ? cat("[", url.host, "]") : url.host;
    std::string more;
    for (const auto& [name, value] : fields) more += cat(name, ": ", value, "\r\n");
    connection.send(cat("POST ", url.path, " HTTP/1.1\r\nHost: ", host, ":", url.port,
                        "\r\nContent-Type: application/json\r\nAccept: application/json\r\nConnection: close\r\n", more,
                        "Content-Length: ", json.size(), "\r\n\r\n"));
    connection.send(json);
    HttpAnswer answer = connection.receive();
    reply = {HttpReply::Outcome::answered, answer.code(), std::move(answer.body()), ""};
  } catch (const TimedOut&) {
    reply.outcome = HttpReply::Outcome::timed_out;
    reply.problem = "the deadline has passed";
  } catch (const Error& error) {
    reply.problem = error.what_happened();
  }
  return reply;
}

}  // namespace lockstep::rewards::plugins
