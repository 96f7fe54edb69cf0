// SPDX-License-Identifier: Apache-2.0
// How the processes of one run wait for each other.
#pragma once

#include <string>

#include "base/config.h"

namespace lockstep::rl::ranks {

struct RanksConfig {
  double timeout_s = 1800;
  double heartbeat_timeout_s = 20;
  std::string interface;
  void visit(auto&& field) {
    field("timeout_s", timeout_s, "a collective operation that takes longer is an Error: above what the slowest rank's rollout takes",
          base::above(0));
    field("heartbeat_timeout_s", heartbeat_timeout_s, "a rank that gives no sign of life for so long ends the run", base::at_least(3));
    field("interface", interface,
          "network interface of the collectives, as eth0; empty: loopback where the master's address is, else the host's own address");
  }
};

}  // namespace lockstep::rl::ranks
