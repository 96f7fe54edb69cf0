// SPDX-License-Identifier: Apache-2.0
// `lockstep data filter`: rejection sampling's second half, over rows with completions.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/data/filter_config.h"

namespace lockstep::rewards::data {

struct FilterReport {
  struct Rule {
    std::string name;
    size_t num_dropped = 0;     // rows that this rule is the first to drop
    size_t num_alone = 0;       // rows that it would drop if it were the only one
    std::string example = "";  // the first row of num_dropped
  };
  size_t rows_in = 0, rows_out = 0;
  std::vector<Rule> rules = {};  // in the order in which they are tried
  size_t num_prompts_in = 0, num_prompts_out = 0;

  base::Json json() const;
  std::string text() const;
};

// Writes the rows that every rule keeps, in order and byte for byte. Rules on single rows come first, then at most n rows per
// prompt, then the balance of classes. Rewards score each row alone, not in groups. Reads the files twice: Error when one
// changed in between; when a row has no completion, or not the column to balance by.
FilterReport filter(const std::vector<std::string>& inputs, const std::string& output, const FilterConfig& config, int num_threads);

}  // namespace lockstep::rewards::data
