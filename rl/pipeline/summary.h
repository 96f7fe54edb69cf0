// SPDX-License-Identifier: Apache-2.0
// One pipeline run with several seeds, as one text: what the evaluations found, how scores went over the steps, how long it took.
#pragma once

#include <string>
#include <vector>

#include "rl/pipeline/pipeline_config.h"

namespace lockstep::rl::pipeline {

// Over seeds: the mean, half the width of Student's 95 % interval (0 for one value; t with n - 1 degrees of freedom), the extremes.
struct Spread {
  size_t n = 0;
  double mean = 0, half_width = 0, min = 0, max = 0;
  std::string text() const;  // "0.934 ± 0.021 (0.921 to 0.947)"; one value alone as itself
};
Spread spread_of(const std::vector<double>& values);

// Markdown. All pipelines are the same but for seed and folder, and done; Error when a result is missing.
std::string summarize(const std::vector<Pipeline>& seeds);

}  // namespace lockstep::rl::pipeline
