// SPDX-License-Identifier: Apache-2.0
// From right and wrong samples to measures with intervals.
#include "rewards/evaluation/measure.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/rng.h"

namespace lockstep::rewards::evaluation {
namespace {

using Columns = std::vector<std::vector<double>>;

constexpr size_t kMostGroups = 100;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(std::max<size_t>(1, values.size()));
}

int64_t count_right(const PromptResult& prompt) {
  return std::count_if(prompt.samples.begin(), prompt.samples.end(), [](const SampleResult& s) { return s.is_right; });
}

int64_t num_samples(const PromptResult& prompt) { return static_cast<int64_t>(prompt.samples.size()); }

std::vector<int64_t> choose_k(const std::vector<int64_t>& wanted, int64_t n) {
  std::set<int64_t> out;
  for (int64_t k : wanted)
    if (k <= n) out.insert(k);
  if (wanted.empty()) {
    for (int64_t k = 1; k <= n; k *= 2) out.insert(k);
    if (n > 0) out.insert(n);
  }
  return {out.begin(), out.end()};
}

std::vector<Estimate> estimates(const Columns& columns, const MeasureConfig& config, uint64_t key) {
  const auto intervals = bootstrap_means(columns, {.num_resamples = config.num_resamples, .key = key});
  std::vector<Estimate> out;
  for (size_t c = 0; c < columns.size(); ++c) out.push_back({mean(columns[c]), intervals[c]});
  return out;
}

void add_groups(Measures& out, const std::vector<PromptResult>& prompts, const std::vector<double>& pass, const MeasureConfig& config) {
  std::map<std::string, std::map<std::string, std::vector<double>>> values;
  for (size_t i = 0; i < prompts.size(); ++i)
    for (const auto& [column, value] : prompts[i].columns) values[column][value].push_back(pass[i]);
  for (const auto& [column, groups] : values) {
    if (groups.size() > kMostGroups) continue;
    for (const auto& [value, passes] : groups) {
      const uint64_t key = base::derive_key(base::derive_key(config.key, column), value);
      out.by[column][value] = {static_cast<int64_t>(passes.size()), estimates({passes}, config, key).front()};
    }
  }
}

base::Json by_k(const std::map<int64_t, Estimate>& estimates, bool is_interval) {
  base::Json out = base::Json::object();
  for (const auto& [k, e] : estimates) out[std::to_string(k)] = is_interval ? to_json(e.interval) : base::Json(e.value);
  return out;
}

}  // namespace

base::Json to_json(const std::optional<Interval>& interval) {
  return interval ? base::Json{interval->low, interval->high} : base::Json();
}

base::Json Measures::to_json() const {
  base::Json out = {{"pass_at_1_ci", evaluation::to_json(pass_at_1.interval)},
                    {"pass_at", by_k(pass_at, false)},
                    {"pass_at_ci", by_k(pass_at, true)},
                    {"cons_at", by_k(cons_at, false)},
                    {"cons_at_ci", by_k(cons_at, true)}};
  for (const auto& [column, groups] : by)
    for (const auto& [value, group] : groups)
      out["by"][column][value] = {{"num_prompts", group.num_prompts},
                                  {"pass_at_1", group.pass_at_1.value},
                                  {"pass_at_1_ci", evaluation::to_json(group.pass_at_1.interval)}};
  return out;
}

std::map<std::string, std::string> group_columns(const base::Json& row) {
  std::map<std::string, std::string> out;
  for (const char* name : {"difficulty", "task", "data_source"}) {
    const auto found = row.find(name);
    if (found == row.end() || found->is_null() || found->is_structured()) continue;
    out[name] = found->is_string() ? found->get<std::string>() : found->dump();
  }
  return out;
}

std::vector<Vote> votes_of(const PromptResult& prompt) {
  std::map<std::string, int> wrong;
  std::vector<Vote> out;
  for (const auto& sample : prompt.samples) {
    if (sample.answer.empty()) out.push_back(std::nullopt);
    else if (sample.is_right) out.push_back(0);
    else out.push_back(wrong.try_emplace(sample.answer, static_cast<int>(wrong.size()) + 1).first->second);
  }
  return out;
}

Measures measure(const std::vector<PromptResult>& prompts, const MeasureConfig& config) {
  Measures out;
  if (prompts.empty()) return out;
  int64_t fewest = num_samples(prompts.front());
  for (const auto& prompt : prompts) fewest = std::min(fewest, num_samples(prompt));
  const auto ks = choose_k(config.k, fewest);
  Columns columns(1 + 2 * ks.size());  // pass@1, then pass@k and cons@k of each k
  for (size_t i = 0; i < prompts.size(); ++i) {
    const int64_t n = num_samples(prompts[i]), c = count_right(prompts[i]);
    const auto votes = votes_of(prompts[i]);
    columns[0].push_back(static_cast<double>(c) / static_cast<double>(n));
    for (size_t j = 0; j < ks.size(); ++j) {
      columns[1 + 2 * j].push_back(pass_at_k(n, c, ks[j]));
      columns[2 + 2 * j].push_back(cons_at_k(votes, ks[j], {config.num_vote_draws, base::derive_key(config.key, "prompt", i)}));
    }
    out.num_samples += n;
  }
  out.num_prompts = static_cast<int64_t>(prompts.size());
  const auto all = estimates(columns, config, config.key);
  out.pass_at_1 = all[0];
  for (size_t j = 0; j < ks.size(); ++j) {
    out.pass_at[ks[j]] = all[1 + 2 * j];
    out.cons_at[ks[j]] = all[2 + 2 * j];
  }
  add_groups(out, prompts, columns[0], config);
  return out;
}

}  // namespace lockstep::rewards::evaluation
