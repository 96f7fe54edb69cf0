// SPDX-License-Identifier: Apache-2.0
// How a trainer takes in rollout workers: where it listens, whom it lets in, how long it waits.
#pragma once

#include <string>

#include "base/config.h"

namespace lockstep::rollout::remote {

struct WorkersConfig {
  std::string listen = "";
  std::string key = "", allow = "";
  bool insecure_lab = false;
  int min_workers = 1;
  double join_timeout_s = 300, heartbeat_s = 1, timeout_s = 10, unit_timeout_s = 3600;
  std::string weights_folder = "";
  void visit(auto&& field) {
    field("listen", listen,
          "endpoint that workers connect to, e.g. tcp://127.0.0.1:5570; empty: no workers, this process draws");
    field("key", key, "file with this trainer's secret key, as `lockstep keygen` writes it");
    field("allow", allow, "file with the public keys of the workers that may join");
    field("insecure_lab", insecure_lab,
          "listen beyond this machine without keys: anyone who reaches the port may join");
    field("min_workers", min_workers, "workers that must have joined before completions are drawn",
          base::between(1, 1024));
    field("join_timeout_s", join_timeout_s, "seconds to wait for them, and for any worker when all have left",
          base::between(0, 1e6));
    field("heartbeat_s", heartbeat_s, "seconds between signs of life", base::between(0.001, 3600));
    field("timeout_s", timeout_s, "seconds of silence after which the other side counts as gone; above heartbeat_s",
          base::between(0.002, 86400));
    field("unit_timeout_s", unit_timeout_s,
          "seconds in which a worker must finish some of its completions, else others draw them as well; 0: no limit",
          base::between(0, 1e6));
    field("weights_folder", weights_folder,
          "folder that trainer and workers share, of this run alone: weights go through it; empty: over the network");
  }
};

}  // namespace lockstep::rollout::remote
