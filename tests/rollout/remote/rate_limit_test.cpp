// SPDX-License-Identifier: Apache-2.0
// One line a second for each kind, and no event forgotten in the count.
#include "rollout/remote/rate_limit.h"

#include <doctest/doctest.h>

namespace lockstep::rollout::remote {
namespace {

using std::chrono::milliseconds;

TEST_CASE(
    "rate limit: the first event of a kind is a line, the next line counts all since, kinds do not wait for each "
    "other") {
  RateLimit limit;
  const RateLimit::Clock::time_point start{};
  CHECK(limit.admit("garbage", start) == 1);
  CHECK_FALSE(limit.admit("garbage", start));
  CHECK_FALSE(limit.admit("garbage", start + milliseconds(999)));
  CHECK(limit.admit("unknown key", start + milliseconds(999)) == 1);
  CHECK(limit.admit("garbage", start + milliseconds(1000)) == 3);
  CHECK_FALSE(limit.admit("garbage", start + milliseconds(1999)));
  CHECK(limit.admit("garbage", start + milliseconds(5000)) == 2);
}

}  // namespace
}  // namespace lockstep::rollout::remote
