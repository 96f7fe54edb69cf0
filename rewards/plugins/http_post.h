// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 POST of JSON with a deadline over all of it. Plain HTTP to numeric addresses: no TLS, no names, no redirects.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::rewards::plugins {

// Name servers have no deadline, so that a host is an IPv4 address, an IPv6 address in brackets, or localhost (127.0.0.1).
struct HttpUrl {
  std::string host;  // numeric, without brackets
  bool is_ipv6 = false;
  uint16_t port = 80;
  std::string path = "/";
  bool is_loopback() const;
};

// Reads http://HOST[:PORT][/PATH]. Error at `where` when it is anything else.
HttpUrl parse_http_url(std::string_view url, const std::string& where);

// The same, and Error for an address of another machine unless that is allowed.
HttpUrl parse_local_url(std::string_view url, bool allow_remote, const std::string& where);

inline constexpr size_t kMaxHttpBody = size_t{16} << 20;  // of an answer
inline constexpr size_t kMaxHttpHead = size_t{64} << 10;

struct HttpReply {
  enum class Outcome { answered, failed, timed_out };
  Outcome outcome = Outcome::failed;
  int code = 0;         // when answered: 200 ...
  std::string body;     // when answered
  std::string problem;  // otherwise
};

// One more line of a request's head: name and value, without line breaks.
using HttpField = std::pair<std::string, std::string>;

// Opens a connection, sends, reads one answer (Content-Length, chunked, or up to the end of the connection), closes. Never
// throws for what the other side does; never returns later than the deadline by more than the time of one poll.
HttpReply http_post(const HttpUrl& url, std::string_view json, std::chrono::steady_clock::time_point deadline,
                    std::span<const HttpField> fields = {});

}  // namespace lockstep::rewards::plugins
