// SPDX-License-Identifier: Apache-2.0
// Names of statuses.
#include "rewards/reward.h"

namespace lockstep::rewards {

std::optional<std::string> Reward::row_problem(const base::Json&) const { return std::nullopt; }

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
