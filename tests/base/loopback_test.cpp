// SPDX-License-Identifier: Apache-2.0
// Listening on loopback: a free port for 0, the port that was asked for, and one that is taken.
#include "base/loopback.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::test {

TEST_CASE("loopback: port 0 takes a free one, which nobody else gets until it is closed") {
  auto first = base::listen_on_loopback(0, "x");
  CHECK(first.port > 0);
  CHECK(base::listen_on_loopback(0, "x").port != first.port);
  check_error([&] { base::listen_on_loopback(first.port, "take another"); }, "cannot listen: Address already in use", cat("127.0.0.1:", first.port),
              "take another");
  const uint16_t port = first.port;
  first.socket.close();
  CHECK(base::listen_on_loopback(port, "x").port == port);
}

}  // namespace lockstep::test
