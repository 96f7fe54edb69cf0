// SPDX-License-Identifier: Apache-2.0
// Endpoints: what is taken, what counts as this machine alone, and what each refusal says.
#include "rollout/remote/endpoint.h"

#include <doctest/doctest.h>

#include "tests/support/errors.h"

namespace lockstep::rollout::remote {
namespace {

using test::check_error;
constexpr EndpointUse kListen = EndpointUse::listen, kConnect = EndpointUse::connect;

TEST_CASE("endpoint: only addresses that cannot leave the machine are loopback") {
  for (const char* text :
       {"tcp://127.0.0.1:5570", "tcp://127.255.3.4:1", "tcp://[::1]:65535", "ipc:///run/lockstep", "ipc://@lockstep"}) {
    CAPTURE(text);
    CHECK(parse_endpoint(text, kListen).is_loopback);
    CHECK(parse_endpoint(text, kConnect).is_loopback);
    CHECK(parse_endpoint(text, kListen).text == text);
  }
  for (const char* text : {"tcp://10.0.0.1:5570", "tcp://0.0.0.0:5570", "tcp://[::]:5570", "tcp://[fe80::1]:5570",
                           "tcp://localhost:5570", "tcp://127.0.0.1.example.org:5570", "tcp://127.1:5570",
                           "tcp://[::ffff:127.0.0.1]:5570", "tcp://128.0.0.1:5570", "tcp://eth0:5570"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text, kListen).is_loopback);
    CHECK_FALSE(parse_endpoint(text, kConnect).is_loopback);
  }
  CHECK_FALSE(parse_endpoint("tcp://*:5570", kListen).is_loopback);
  CHECK(parse_endpoint("tcp://[::1]:1", kListen).is_ipv6);
  CHECK_FALSE(parse_endpoint("tcp://127.0.0.1:1", kListen).is_ipv6);
}

TEST_CASE("endpoint: port 0 and all interfaces are for listening only") {
  CHECK(parse_endpoint("tcp://127.0.0.1:0", kListen).is_loopback);
  check_error([] { parse_endpoint("tcp://127.0.0.1:0", kConnect); }, "the port is no number from 1 to 65535",
              "tcp://127.0.0.1:0", "tcp://trainer:5570");
  check_error([] { parse_endpoint("tcp://*:5570", kConnect); }, "neither a name nor an address", "tcp://*:5570",
              "tcp://trainer:5570");
}

TEST_CASE("endpoint: anything else is an Error with examples") {
  const auto refuse = [](const std::string& text, const std::string& what) {
    CAPTURE(text);
    for (const EndpointUse use : {kListen, kConnect}) {
      check_error([&] { parse_endpoint(text, use); }, "this is no endpoint: " + what, "",
                  "write for example tcp://127.0.0.1:5570, tcp://[::1]:5570, tcp://");
    }
  };
  for (const char* text : {"", "127.0.0.1:5570", "TCP://127.0.0.1:5570", "udp://127.0.0.1:5570", "pgm://eth0:5570",
                           "inproc://lockstep", "tcp:/127.0.0.1:5570"}) {
    refuse(text, "it begins with neither tcp:// nor ipc://");
  }
  refuse("tcp://127.0.0.1", "the port is missing");
  for (const char* text : {"tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:+1",
                           "tcp://127.0.0.1:80x", "tcp://127.0.0.1:*", "tcp://127.0.0.1: 80", "tcp://[::1]"}) {
    refuse(text, "the port is no number");
  }
  for (const char* text : {"tcp://:5570", "tcp://a b:5570", "tcp://10.0.0.1:0;10.0.0.2:5570", "tcp://::1:5570",
                           "tcp://-a:5570", "tcp://a/b:5570"}) {
    refuse(text, "the host is neither a name nor an address");
  }
  refuse("tcp://[::g]:5570", "between the brackets stands no IPv6 address");
  refuse("tcp://[127.0.0.1]:5570", "between the brackets stands no IPv6 address");
  refuse("ipc://", "the path is missing");
  refuse("ipc://*", "the path is missing");
  refuse("ipc:///run/" + std::string(103, 'x'), "the path is longer than 107 bytes");
  check_error([] { parse_endpoint("tcp://\x1b[31m:1", kListen); }, "neither a name", "tcp://\\x1b[31m:1",
              "tcp://eth0:5570");
}

TEST_CASE("endpoint: beyond this machine it takes keys, or the word that strangers may join") {
  const Endpoint near = parse_endpoint("tcp://127.0.0.1:5570", kListen), far = parse_endpoint("tcp://*:5570", kListen);
  check_error([&] { check_reach(far, false, false); }, "reaches beyond this machine, and there are no keys",
              "tcp://*:5570", "`lockstep keygen NAME`");
  check_error([&] { check_reach(far, false, false); }, "", "", "insecure_lab");
  CHECK_NOTHROW(check_reach(far, true, false));
  CHECK_NOTHROW(check_reach(far, false, true));
  CHECK_NOTHROW(check_reach(near, false, false));
}

}  // namespace
}  // namespace lockstep::rollout::remote
