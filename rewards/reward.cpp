// SPDX-License-Identifier: Apache-2.0
// Names of statuses.
#include "rewards/reward.h"

namespace lockstep::rewards {

const char* status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::skip:
      return "skip";
    case Status::error:
      return "error";
    case Status::timeout:
      return "timeout";
  }
  return "unknown";
}

}  // namespace lockstep::rewards
