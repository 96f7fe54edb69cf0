// SPDX-License-Identifier: Apache-2.0
// What is lost, repeated or left over of a session is told apart.
#include "rollout/remote/channel.h"

#include <doctest/doctest.h>

namespace lockstep::rollout::remote {

TEST_CASE("channel: messages of one side arrive in order at the other") {
  Channel out(7), in(7);
  for (int i = 0; i < 3; ++i) {
    CHECK(in.arrive(out.stamp()) == Arrival::in_order);
    out.took();
  }
  CHECK(in.stamp().number == 0);  // the two ways count apart
}

TEST_CASE("channel: a stamp that was not taken is used again") {
  Channel out(1), in(1);
  out.stamp();
  CHECK(in.arrive(out.stamp()) == Arrival::in_order);
}

TEST_CASE("channel: repeated, lost and left over messages change nothing") {
  Channel in(2);
  CHECK(in.arrive({2, 0}) == Arrival::in_order);
  CHECK(in.arrive({2, 0}) == Arrival::repeated);
  CHECK(in.arrive({2, 2}) == Arrival::gap);
  CHECK(in.arrive({1, 1}) == Arrival::other_session);
  CHECK(in.arrive({3, 1}) == Arrival::other_session);
  CHECK(in.arrive({2, 1}) == Arrival::in_order);
}

}  // namespace lockstep::rollout::remote
