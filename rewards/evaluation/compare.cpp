// SPDX-License-Identifier: Apache-2.0
// The paired comparison.
#include "rewards/evaluation/compare.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::evaluation {
namespace {

double pass(const PromptResult& prompt) {
  const auto right = std::count_if(prompt.samples.begin(), prompt.samples.end(), [](const SampleResult& s) { return s.is_right; });
  return static_cast<double>(right) / static_cast<double>(prompt.samples.size());
}

Estimate estimate(const std::vector<double>& values, const std::optional<Interval>& interval) {
  return {std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), interval};
}

base::Json json_of(const Estimate& e) { return {{"value", e.value}, {"ci", to_json(e.interval)}}; }

}  // namespace

bool Comparison::is_significant() const {
  return difference.interval && (difference.interval->low > 0 || difference.interval->high < 0);
}

base::Json Comparison::to_json() const {
  return {{"num_prompts", num_prompts},
          {"num_only_a", num_only_a},
          {"num_only_b", num_only_b},
          {"pass_at_1_a", json_of(a)},
          {"pass_at_1_b", json_of(b)},
          {"difference", json_of(difference)},
          {"wins", wins},
          {"losses", losses},
          {"ties", ties},
          {"is_significant", is_significant()}};
}

Comparison compare(const SampleFile& a, const SampleFile& b, const BootstrapConfig& config) {
  Comparison out;
  std::vector<std::vector<double>> columns(3);  // A, B, B - A
  for (const auto& [key, prompt] : a) {
    const auto other = b.find(key);
    if (other == b.end()) {
      ++out.num_only_a;
      continue;
    }
    if (other->second.prompt != prompt.prompt)
      throw Error(cat("prompt ", key.second, " of ", base::printable(key.first), " is not the same text in both files"), "eval compare",
                  "evaluate both models with the same sources, seed and prompt format");
    const double pa = pass(prompt.result), pb = pass(other->second.result);
    columns[0].push_back(pa);
    columns[1].push_back(pb);
    columns[2].push_back(pb - pa);
    out.wins += pb > pa;
    out.losses += pb < pa;
    out.ties += pb == pa;
  }
  out.num_prompts = static_cast<int64_t>(columns[0].size());
  out.num_only_b = static_cast<int64_t>(b.size()) - out.num_prompts;
  if (out.num_prompts == 0)
    throw Error("the two files have no prompt in common", "eval compare", "evaluate both models on the same sources with the same seed");
  const auto intervals = bootstrap_means(columns, config);
  out.a = estimate(columns[0], intervals[0]);
  out.b = estimate(columns[1], intervals[1]);
  out.difference = estimate(columns[2], intervals[2]);
  return out;
}

}  // namespace lockstep::rewards::evaluation
