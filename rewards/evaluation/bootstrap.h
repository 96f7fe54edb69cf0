// SPDX-License-Identifier: Apache-2.0
// Confidence intervals of means over prompts, by resampling whole prompts.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lockstep::rewards::evaluation {

struct Interval {
  double low = 0, high = 0;
};

struct BootstrapConfig {
  int num_resamples = 1000;  // 0: no intervals
  double confidence = 0.95;
  uint64_t key = 0;
};

// Cluster bootstrap (Efron 1979): prompts are drawn with replacement, each with all of its samples, because the samples of a
// prompt are no independent evidence about other prompts. columns[c][i] is measure c of prompt i; all columns have the
// same length. The interval of column c is the percentile one: quantiles (1 -+ confidence) / 2 of the resampled means, with
// linear interpolation between order statistics. All columns see the same resamples; resample r is keyed by (key, r), so that
// the result is a function of columns and config alone. Nothing below two prompts, where there is no spread to see.
// The order of prompts is part of the result (as the key is): a permutation gives another draw of the same law.
std::vector<std::optional<Interval>> bootstrap_means(const std::vector<std::vector<double>>& columns, const BootstrapConfig& config);

}  // namespace lockstep::rewards::evaluation
