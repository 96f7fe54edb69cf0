// SPDX-License-Identifier: Apache-2.0
// Which of an evaluation's many numbers stand in a table that people read.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::rl::pipeline {

// `models`: name -> results of rl/evaluate.h on one suite. Numbers that some model has, in the order of the results, but for counts, and of
// rewards but for what stands there under a shorter name: means of accuracy and format, spreads, and ratios that are 0 for all.
std::vector<std::string> shown_measures(const base::Json& models);

}  // namespace lockstep::rl::pipeline
