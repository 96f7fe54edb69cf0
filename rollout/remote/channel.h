// SPDX-License-Identifier: Apache-2.0
// The numbers of a session's messages, both ways: what is lost, repeated or left over shows by them.
#pragma once

#include <cstdint>

#include "rollout/remote/messages.h"

namespace lockstep::rollout::remote {

enum class Arrival {
  in_order,
  repeated,       // it has come before: drop it
  gap,            // an earlier one was lost: the session is broken
  other_session,  // left over from another one
};

// One side's view of one session.
class Channel {
 public:
  explicit Channel(uint64_t session) : session_(session) {}
  uint64_t session() const { return session_; }

  // For the next message out; it counts as sent once took() is called.
  Stamp stamp() const { return {session_, num_sent_}; }
  void took() { ++num_sent_; }
  // What a message that came in is; counted when it is in order.
  Arrival arrive(const Stamp& stamp);

 private:
  uint64_t session_;
  uint64_t num_sent_ = 0, num_received_ = 0;
};

}  // namespace lockstep::rollout::remote
