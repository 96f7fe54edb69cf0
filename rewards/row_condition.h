// SPDX-License-Identifier: Apache-2.0
// Which rows a reward is for: `where` of a RewardConfig, and the reward that keeps to it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/reward.h"

namespace lockstep::rewards {

// {"task": ["follow", "version_probe"], "language": "en"}: a row meets it when each column named has one of its values. {} is
// met by every row.
class RowCondition {
 public:
  // Error at `where` when `condition` is no object, a column has no value, or a value is neither text, number nor true/false.
  RowCondition(const base::Json& condition, const std::string& where);

  bool is_empty() const { return columns_.empty(); }
  // Numbers are compared as numbers (1 is 1.0), text exactly. A row without the column, or with null, does not meet it.
  bool is_met_by(const base::Json& row) const;
  std::string text() const;  // "task is follow or version_probe and language is en"

 private:
  std::map<std::string, std::vector<base::Json>> columns_;
};

// `inner` on the rows that meet the condition; samples of all others are skipped without a call, and a row check says nothing
// about them. The completions that are left of a batch reach `inner` as one batch.
std::unique_ptr<Reward> make_conditional_reward(std::unique_ptr<Reward> inner, RowCondition condition);

}  // namespace lockstep::rewards
