// SPDX-License-Identifier: Apache-2.0
// Stop signals set a flag; a second Ctrl-C ends the process.
#include "base/signal.h"

#include <doctest/doctest.h>

#include <initializer_list>

#include "tests/base/faults.h"

namespace lockstep::base {
namespace {

TEST_CASE("signal: each stop signal sets the flag, and the first one is remembered") {
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) {
    const pid_t child = start_child([&] {
      install_stop_signals();
      if (stop_requested() || stop_signal() != 0) return 1;
      ::raise(number);
      if (!stop_requested() || stop_signal() != number) return 2;
      ::raise(SIGTERM);
      if (stop_signal() != number) return 3;
      forget_stop();
      return stop_requested() ? 4 : 0;
    });
    const int status = wait_for(child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
}

TEST_CASE("signal: a second interrupt ends the process") {
  const pid_t child = start_child([] {
    install_stop_signals();
    ::raise(SIGINT);
    ::raise(SIGINT);
    return 0;
  });
  const int status = wait_for(child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

}  // namespace
}  // namespace lockstep::base
