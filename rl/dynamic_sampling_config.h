// SPDX-License-Identifier: Apache-2.0
// What a user chooses about dynamic sampling (DAPO section 3.2, arXiv:2503.14476).
#pragma once

#include <string>

#include "base/config.h"

namespace lockstep::rl {

struct DynamicSamplingConfig {
  bool enable = false;
  int max_refills = 10;
  std::string when_exhausted = "go_on";
  void visit(auto&& field) {
    field("enable", enable, "groups whose rewards are all equal are replaced by groups of new prompts", base::any());
    field("max_refills", max_refills, "rollouts more per step, each of as many prompts as are missing (NeMo-RL 10)", base::at_least(1));
    field("when_exhausted", when_exhausted, "groups still missing then: go_on updates with those there are, fail ends the run",
          base::one_of({"go_on", "fail"}));
  }
};

}  // namespace lockstep::rl
