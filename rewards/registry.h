// SPDX-License-Identifier: Apache-2.0
// Rewards by name: what a config may ask for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "rewards/reward.h"

namespace lockstep::rewards {

struct RewardConfig {
  std::string type = "accuracy";
  std::string name = {};
  double weight = 1;
  base::Json options = base::Json::object();
  base::Json where = base::Json::object();
  void visit(auto&& field) {
    field("type", type, "which reward; `lockstep reward list` names them");
    field("name", name, "its name in the log; empty: the type");
    field("weight", weight, "factor in the sum of rewards; 0: only logged");
    field("options", options, "options of the type");
    field("where", where,
          "only for rows whose columns have one of these values, {\"task\": [\"chain_sum\"]}; other rows are skipped; {}: every row");
  }
};

// A type whose code may not live here, as a reward that is a model itself: its maker is passed in.
struct RewardType {
  std::string type, meaning;
  std::string options;  // their reference
  std::function<std::unique_ptr<Reward>(const RewardConfig& config, const std::string& where)> make;
};

// Options are loaded strictly into the type's own config. Error for an unknown type (with all names) or a bad option;
// `where` is the JSON path of `config`. `more` are types besides the built-in ones.
std::unique_ptr<Reward> make_reward(const RewardConfig& config, uint64_t run_seed, const std::string& where,
                                    const std::vector<RewardType>& more = {});

// Every type with its options, for `lockstep config` and the documentation.
std::string reward_reference(const std::vector<RewardType>& more = {});

// What the log calls it: the name, or the type where there is none.
std::string log_name(const RewardConfig& config);

}  // namespace lockstep::rewards
