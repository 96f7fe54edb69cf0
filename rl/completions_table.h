// SPDX-License-Identifier: Apache-2.0
// A few samples as a table for the terminal.
#pragma once

#include <string>
#include <vector>

#include "rewards/combined.h"

namespace lockstep::rl {

struct TableSample {
  std::string prompt, completion;
  std::vector<rewards::Score> parts;  // one per reward
  double reward = 0, advantage = 0;
};

// Control bytes of model text are escaped; long texts keep their beginning and end.
std::string completions_table(const std::string& title, const rewards::Combined& rewards, const std::vector<TableSample>& samples);

}  // namespace lockstep::rl
