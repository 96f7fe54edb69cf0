// SPDX-License-Identifier: Apache-2.0
// Measures of an evaluation with their intervals: pass@k, cons@k, and pass@1 of each difficulty, task and data source.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/evaluation/bootstrap.h"
#include "rewards/evaluation/estimators.h"

namespace lockstep::rewards::evaluation {

struct SampleResult {
  bool is_right = false;
  std::string answer = {};  // as extracted; empty: none, and no vote
};

struct PromptResult {
  std::vector<SampleResult> samples;                // in the order drawn, at least one
  std::map<std::string, std::string> columns = {};  // what prompts are grouped by, see group_columns
};

struct MeasureConfig {
  std::vector<int64_t> k = {};  // those above the samples of a prompt are left out; empty: powers of 2, and the samples
  int num_vote_draws = 100;     // of cons@k below the samples
  int num_resamples = 1000;     // of the bootstrap
  uint64_t key = 0;             // keys both
};

struct Estimate {
  double value = 0;
  std::optional<Interval> interval = {};  // 95 %, see bootstrap_means; none below two prompts
};

struct GroupMeasure {
  int64_t num_prompts = 0;
  Estimate pass_at_1;
};

struct Measures {
  int64_t num_prompts = 0, num_samples = 0;  // samples of all prompts
  Estimate pass_at_1;                        // mean over prompts of the share of right samples
  std::map<int64_t, Estimate> pass_at;       // by k, mean over prompts of pass_at_k
  std::map<int64_t, Estimate> cons_at;       // by k, mean over prompts of cons_at_k
  // column -> value -> pass@1 of the prompts that have it. A column with more than 100 values is no grouping and left out.
  std::map<std::string, std::map<std::string, GroupMeasure>> by;

  // {"pass_at_1_ci": [lo, hi], "pass_at": {"1": ..}, "pass_at_ci": {..}, "cons_at": {..}, "cons_at_ci": {..}, "by": {..}}; an interval
  // that there is none of is null.
  base::Json to_json() const;
};

// "difficulty", "task" and "data_source" of a row, where they are text or numbers.
std::map<std::string, std::string> group_columns(const base::Json& row);

// What the samples of a prompt vote for.
std::vector<Vote> votes_of(const PromptResult& prompt);

// Right answers count as one, however they are written; wrong ones are compared as text. All prompts have the same number of
// samples when k is given by it; otherwise the fewest samples of a prompt bound k. Deterministic.
Measures measure(const std::vector<PromptResult>& prompts, const MeasureConfig& config);

base::Json to_json(const std::optional<Interval>& interval);

}  // namespace lockstep::rewards::evaluation
