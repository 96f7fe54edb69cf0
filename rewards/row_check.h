// SPDX-License-Identifier: Apache-2.0
// Before training: which rows of a data set no sample of which can be scored.
#pragma once

#include <string>
#include <vector>

#include "rewards/combined.h"
#include "rewards/dataset.h"

namespace lockstep::rewards {

struct RowReport {
  struct Problem {
    size_t row;  // index in the data set
    std::string reward, problem;
  };
  size_t num_rows = 0;
  size_t num_unusable = 0;          // rows that at least one reward would skip though it is for them, or that no reward is for
  std::vector<Problem> first = {};  // at most ten, in order

  // "3 of 1000 rows cannot be scored: row 17: accuracy_math: the gold answer is not understood; ...". Empty when all can.
  std::string text() const;
};

// Asks every reward with a weight about every row.
RowReport check_rows(const Dataset& dataset, const Combined& rewards);

}  // namespace lockstep::rewards
