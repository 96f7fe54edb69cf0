// SPDX-License-Identifier: Apache-2.0
// Request heads: what is accepted, and the status of each refusal; responses say how long they are.
#include "cli/report/http.h"

#include <doctest/doctest.h>

#include <cctype>

#include "base/rng.h"
#include "base/text.h"

namespace lockstep::test {

using cli::report::parse_http_head;

TEST_CASE("http: GET and HEAD of this machine's own names are accepted") {
  for (const char* host : {"localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000", " 127.0.0.1:8000 "}) {
    CAPTURE(host);
    const auto head = parse_http_head(std::string("GET /data.json?after=a_1_2 HTTP/1.1\r\nAccept: */*\r\nhOST:") + host + "\r\n\r\n", 8000);
    CHECK(head.refusal == 0);
    CHECK(head.request.path == "/data.json");
    CHECK(head.request.query == "after=a_1_2");
    CHECK_FALSE(head.request.is_head);
  }
  CHECK(parse_http_head("HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n", 80).request.is_head);
}

TEST_CASE("http: each refusal has its status") {
  const std::string host = "Host: localhost:8000\r\n\r\n";
  const std::pair<std::string, int> cases[] = {
      {"GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n", 403},  // a name bound to 127.0.0.1
      {"GET / HTTP/1.1\r\nHost: localhost:8001\r\n\r\n", 403},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 403},
      {"GET / HTTP/1.1\r\nHost: localhost:8000.evil.example\r\n\r\n", 403},
      {"GET / HTTP/1.1\r\nHost: evil@localhost:8000\r\n\r\n", 403},
      {"GET / HTTP/1.1\r\nHost: \r\n\r\n", 403},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost:8000\r\nHost: localhost:8000\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host, 405},
      {"OPTIONS / HTTP/1.1\r\n" + host, 405},
      {"get / HTTP/1.1\r\n" + host, 405},
      {"GET / HTTP/2.0\r\n" + host, 505},
      {"GET / http/1.1\r\n" + host, 400},
      {"GET http://localhost:8000/ HTTP/1.1\r\n" + host, 400},
      {"GET /a b HTTP/1.1\r\n" + host, 400},
      {"GET  HTTP/1.1\r\n" + host, 400},
      {"GET / HTTP/1.1\nHost: localhost:8000\n\n", 400},
      {"GET / HTTP/1.1\r\n folded: 1\r\n" + host, 400},
      {"GET / HTTP/1.1\r\nno colon\r\n" + host, 400},
      {"GET /\x01 HTTP/1.1\r\n" + host, 400},
      {std::string("\0\0\0\r\n\r\n", 7), 400},
      {"\r\n\r\n", 400},
      {"", 400}};
  for (const auto& [head, status] : cases) {
    CAPTURE(head);
    CHECK(parse_http_head(head, 8000).refusal == status);
  }
}

TEST_CASE("http: no bytes make the parser accept a request without an own host") {
  base::Random rng(4);
  const std::string good = "GET /x HTTP/1.1\r\nHost: localhost:8000\r\n\r\n";
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (uint64_t n = 1 + rng.below(4); n > 0; --n) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    const auto head = parse_http_head(bytes, 8000);
    if (head.refusal != 0) continue;
    CAPTURE(bytes);
    std::string host;
    for (const auto& line : base::split(bytes, '\n'))
      if (base::starts_with_ignore_case(line, "host:")) host += base::trim(std::string_view(line).substr(5));
    for (char& c : host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    CHECK(host == "localhost:8000");
    CHECK(head.request.path[0] == '/');
  }
}

TEST_CASE("http: a response says its length, ends its connection, and keeps itself from other origins; HEAD leaves the body out") {
  const cli::report::HttpResponse response = {.status = 404, .body = "gone\n", .headers = {{"X-One", "1"}}};
  const std::string text = cli::report::http_text(response, false), head = cli::report::http_text(response, true);
  CHECK(text == head + "gone\n");
  CHECK(head.starts_with("HTTP/1.1 404 Not Found\r\n"));
  for (const std::string line : {"Content-Length: 5", "Connection: close", "X-Content-Type-Options: nosniff", "Cache-Control: no-store", "X-One: 1",
                                 "Cross-Origin-Resource-Policy: same-origin"})
    CHECK(head.find("\r\n" + line + "\r\n") != std::string::npos);
}

TEST_CASE("http: a query's value by its whole name") {
  using cli::report::query_value;
  CHECK(query_value("after=3&x=4", "after") == "3");
  CHECK(query_value("x=4&after=", "after") == "");
  CHECK(query_value("xafter=3&after", "after") == std::nullopt);
  CHECK(query_value("", "after") == std::nullopt);
}

}  // namespace lockstep::test
