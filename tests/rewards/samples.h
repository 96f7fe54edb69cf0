// SPDX-License-Identifier: Apache-2.0
// Building samples for tests of rewards.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "rewards/reward.h"

namespace lockstep::rewards {

// Scores one completion of `prompt` against a row.
inline Score score_text(const Reward& reward,
                        std::string_view completion,
                        const base::Json& row,
                        std::string_view prompt = "What is 6 * 7?",
                        bool is_terminated = true) {
  return reward.score({.prompt = prompt, .completion = completion, .columns = &row, .is_terminated = is_terminated});
}

inline base::Json gold(const base::Json& answer) { return {{"answer", answer}}; }

}  // namespace lockstep::rewards
