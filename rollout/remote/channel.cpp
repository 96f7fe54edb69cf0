// SPDX-License-Identifier: Apache-2.0
// The verdict on a message by its stamp.
#include "rollout/remote/channel.h"

namespace lockstep::rollout::remote {

Arrival Channel::arrive(const Stamp& stamp) {
  if (stamp.session != session_) return Arrival::other_session;
  if (stamp.number < num_received_) return Arrival::repeated;
  if (stamp.number > num_received_) return Arrival::gap;
  ++num_received_;
  return Arrival::in_order;
}

}  // namespace lockstep::rollout::remote
