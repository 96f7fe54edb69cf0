// SPDX-License-Identifier: Apache-2.0
// Parsing request heads strictly, writing responses with headers that keep a page to itself.
#include "cli/report/http.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep::cli::report {
namespace {

bool is_token_char(char c) {
  const bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_alnum || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

// "localhost", "127.0.0.1" or "[::1]", with this port or, on port 80 alone, without one.
bool is_own_host(std::string_view host, uint16_t port) {
  for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
    if (lower(host) == cat(name, ":", port) || (port == 80 && lower(host) == name)) return true;
  }
  return false;
}

// The line up to CRLF, removed from `rest`; nullopt when there is none or it holds a control byte.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  return std::any_of(line.begin(), line.end(), is_control) ? std::nullopt : std::optional(line);
}

// GET /path?query HTTP/1.1
int parse_request_line(std::string_view line, HttpRequest& request) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0) return 400;
  const auto method = line.substr(0, first), target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
  if (!std::all_of(method.begin(), method.end(), is_token_char) || !version.starts_with("HTTP/")) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return 505;
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
  if (target.empty() || target[0] != '/' || !std::all_of(target.begin(), target.end(), is_plain)) return 400;
  if (method != "GET" && method != "HEAD") return 405;
  request.is_head = method == "HEAD";
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  return 0;
}

const char* reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 431: return "Request Header Fields Too Large";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

}  // namespace

HttpHead parse_http_head(std::string_view head, uint16_t port) {
  HttpHead out;
  const auto refused = [&](int status) {
    out.refusal = status;
    return out;
  };
  const auto request_line = take_line(head);
  if (!request_line) return refused(400);
  const int status = parse_request_line(*request_line, out.request);
  std::optional<std::string_view> host;
  while (true) {
    const auto line = take_line(head);
    if (!line) return refused(400);
    if (line->empty()) break;
    const size_t colon = line->find(':');
    const auto name = line->substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) return refused(400);
    if (lower(name) != "host") continue;
    if (host) return refused(400);  // two hosts: one of them is a lie
    host = base::trim(line->substr(colon + 1));
  }
  if (status != 0) return refused(status);
  if (!host) return refused(400);
  return is_own_host(*host, port) ? out : refused(403);
}

std::string http_text(const HttpResponse& response, bool is_head) {
  std::string out = cat("HTTP/1.1 ", response.status, " ", reason_of(response.status), "\r\nContent-Type: ", response.type,
                        "\r\nContent-Length: ", response.body.size(),
                        "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
                        "Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n");
  for (const auto& [name, value] : response.headers) out += cat(name, ": ", value, "\r\n");
  out += "\r\n";
  return is_head ? out : out + response.body;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const auto& part : base::split(query, '&')) {
    const size_t equals = part.find('=');
    if (equals != std::string::npos && std::string_view(part).substr(0, equals) == name) return part.substr(equals + 1);
  }
  return std::nullopt;
}

}  // namespace lockstep::cli::report
