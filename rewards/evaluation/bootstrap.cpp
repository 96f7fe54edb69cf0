// SPDX-License-Identifier: Apache-2.0
// Percentile bootstrap over prompts.
#include "rewards/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/rng.h"

namespace lockstep::rewards::evaluation {
namespace {

// Of sorted values, with linear interpolation (numpy's default).
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::optional<Interval>> bootstrap_means(const std::vector<std::vector<double>>& columns, const BootstrapConfig& config) {
  const size_t n = columns.empty() ? 0 : columns.front().size();
  for (const auto& column : columns) LOCKSTEP_CHECK(column.size() == n, "columns of different lengths");
  if (n < 2 || config.num_resamples < 1) return std::vector<std::optional<Interval>>(columns.size());
  std::vector<std::vector<double>> means(columns.size());
  std::vector<double> sums(columns.size());
  for (int r = 0; r < config.num_resamples; ++r) {
    base::Random random(config.key, "bootstrap", static_cast<uint64_t>(r));
    std::fill(sums.begin(), sums.end(), 0.0);
    for (size_t draw = 0; draw < n; ++draw) {
      const size_t prompt = random.below(n);
      for (size_t c = 0; c < columns.size(); ++c) sums[c] += columns[c][prompt];
    }
    for (size_t c = 0; c < columns.size(); ++c) means[c].push_back(sums[c] / static_cast<double>(n));
  }
  std::vector<std::optional<Interval>> out;
  for (auto& column : means) {
    std::sort(column.begin(), column.end());
    const double tail = (1.0 - config.confidence) / 2.0;
    out.push_back(Interval{quantile(column, tail), quantile(column, 1.0 - tail)});
  }
  return out;
}

}  // namespace lockstep::rewards::evaluation
