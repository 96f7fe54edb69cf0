// SPDX-License-Identifier: Apache-2.0
// Rewards behind HTTP, in OpenRLHF's form (a POST per group) and slime's (a POST per sample).
#pragma once

#include <memory>
#include <string>

#include "rewards/plugins/plugin_config.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

// openrlhf: {"query": [prompt + completion], "prompts": [...], "labels": [...]} -> {"rewards": [numbers or null],
//   "scores": [...], "extra_logs": {name: number or list}}; scores and extra_logs become metrics.
// slime: {"prompt", "response", "label"} -> a number, null, or {"score" or "reward": number, other numbers: metrics}.
// null is a skip. A failed try (no connection, a code other than 200, no JSON of this form) is repeated until num_tries or the
// deadline, with growing pauses; then the samples are errors, at the deadline timeouts. Error (at `where`) for a bad address,
// and for another machine's without allow_remote.
std::unique_ptr<Reward> make_http_reward(const std::string& name, const HttpConfig& config, const std::string& where);

}  // namespace lockstep::rewards::plugins
