// SPDX-License-Identifier: Apache-2.0
// The little of HTTP/1.1 (RFC 9112) that the live view needs: GET and HEAD from a browser on this machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::cli::report {

struct HttpRequest {
  bool is_head = false;
  std::string path;   // "/data.json"
  std::string query;  // behind the "?", as it came
};

struct HttpResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body = "";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

constexpr size_t kMaxRequestBytes = 8192;

// What a head (all bytes up to the empty line) asks for, or the status that refuses it: 400 no request, 403 a Host that is
// not this machine's own name (a page of elsewhere whose name was bound to 127.0.0.1), 405 another method, 505 another version.
struct HttpHead {
  int refusal = 0;  // 0: `request` stands
  HttpRequest request;
};
HttpHead parse_http_head(std::string_view head, uint16_t port);

// Status line, headers and, unless `is_head`, the body. The connection always ends with the response.
std::string http_text(const HttpResponse& response, bool is_head);

// The value of `name` in a query "a=1&b=2"; no percent decoding, the names and values here need none.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace lockstep::cli::report
