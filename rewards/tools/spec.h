// SPDX-License-Identifier: Apache-2.0
// What a user may write where a command asks for a reward.
#pragma once

#include <string>
#include <vector>

#include "rewards/registry.h"

namespace lockstep::rewards::tools {

struct Spec {
  std::vector<RewardConfig> configs;
  std::string where;  // for Errors
};

// `spec` is one of
//   a reward's type: accuracy
//   a JSON file with one reward, a list of them, or a run config that has them under "rewards"
//   a plugin: my.py, my.py:function, libmine.so, http://localhost:8000/reward
// Error as for configs; an unknown name is an unknown type.
Spec load_spec(const std::string& spec);

}  // namespace lockstep::rewards::tools
