// SPDX-License-Identifier: Apache-2.0
// The text of an endpoint, checked before libzmq sees it, and whether other machines can reach it.
#pragma once

#include <string>

namespace lockstep::rollout::remote {

enum class EndpointUse { listen, connect };

struct Endpoint {
  std::string text;          // as libzmq takes it
  bool is_loopback = false;  // tcp to 127.0.0.0/8 or [::1], or ipc: nobody outside this machine can connect
  bool is_ipv6 = false;      // a bracketed address; names are looked up as IPv4
};

// tcp://HOST:PORT with a name, an IPv4 address or an IPv6 address in brackets, or ipc://PATH. To listen, HOST may also be a
// network interface or `*` for all of them, and PORT may be 0 for a free one. Error with examples on anything else. Names,
// `localhost` among them, do not count as loopback: what they mean is decided elsewhere.
Endpoint parse_endpoint(const std::string& text, EndpointUse use);

// Error when strangers could connect: not loopback, no keys, and not `insecure_lab`.
void check_reach(const Endpoint& endpoint, bool has_keys, bool insecure_lab);

}  // namespace lockstep::rollout::remote
