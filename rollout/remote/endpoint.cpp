// SPDX-License-Identifier: Apache-2.0
// Endpoints: libzmq's own grammar takes more (other transports, source addresses, wildcards), and none of it is needed.
#include "rollout/remote/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kMaxIpcPath = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void refuse(const std::string& text, std::string_view what, EndpointUse use) {
  const char* fix =
      use == EndpointUse::listen
          ? "write for example tcp://127.0.0.1:5570, tcp://[::1]:5570, tcp://eth0:5570 or ipc:///run/lockstep"
          : "write for example tcp://127.0.0.1:5570, tcp://[::1]:5570, tcp://trainer:5570 or ipc:///run/lockstep";
  throw Error(cat("this is no endpoint: ", what), base::printable(text.substr(0, 200)), fix);
}

bool is_name(std::string_view host) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  return !host.empty() && host.size() <= 253 && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), is_allowed);
}

// std::nullopt when the text is no port.
std::optional<int> port_of(std::string_view text) {
  int port = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc() || end != text.data() + text.size() || port < 0 || port > 65535) return std::nullopt;
  return port;
}

// Looks at HOST of tcp://HOST:PORT.
void parse_host(const std::string& text, const std::string& host, EndpointUse use, Endpoint& endpoint) {
  if (host.starts_with('[') && host.ends_with(']')) {
    in6_addr address{};
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) != 1) {
      refuse(text, "between the brackets stands no IPv6 address", use);
    }
    endpoint.is_ipv6 = true;
    endpoint.is_loopback = IN6_IS_ADDR_LOOPBACK(&address);
    return;
  }
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    endpoint.is_loopback = ntohl(address.s_addr) >> 24 == 127;
    return;
  }
  if (host == "*" && use == EndpointUse::listen) return;
  if (!is_name(host)) refuse(text, "the host is neither a name nor an address", use);
}

void parse_tcp(const std::string& text, EndpointUse use, Endpoint& endpoint) {
  const std::string rest = text.substr(std::string_view("tcp://").size());
  const size_t colon = rest.rfind(':');
  if (colon == std::string::npos) refuse(text, "the port is missing", use);
  const std::optional<int> port = port_of(std::string_view(rest).substr(colon + 1));
  if (!port || (*port == 0 && use == EndpointUse::connect)) refuse(text, "the port is no number from 1 to 65535", use);
  parse_host(text, rest.substr(0, colon), use, endpoint);
}

void parse_ipc(const std::string& text, EndpointUse use, Endpoint& endpoint) {
  const std::string path = text.substr(std::string_view("ipc://").size());
  const bool is_text =
      std::none_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (path.empty() || path == "*" || !is_text) refuse(text, "the path is missing", use);
  if (path.size() > kMaxIpcPath) refuse(text, cat("the path is longer than ", kMaxIpcPath, " bytes"), use);
  endpoint.is_loopback = true;
}

}  // namespace

Endpoint parse_endpoint(const std::string& text, EndpointUse use) {
  Endpoint endpoint{.text = text};
  if (text.starts_with("tcp://")) {
    parse_tcp(text, use, endpoint);
  } else if (text.starts_with("ipc://")) {
    parse_ipc(text, use, endpoint);
  } else {
    refuse(text, "it begins with neither tcp:// nor ipc://", use);
  }
  return endpoint;
}

void check_reach(const Endpoint& endpoint, bool has_keys, bool insecure_lab) {
  if (endpoint.is_loopback || has_keys || insecure_lab) return;
  throw Error(
      "this endpoint reaches beyond this machine, and there are no keys", endpoint.text,
      "make keys with `lockstep keygen NAME` and name them on both sides, use a loopback address like 127.0.0.1, or "
      "set insecure_lab where no stranger can reach the network");
}

}  // namespace lockstep::rollout::remote
