// SPDX-License-Identifier: Apache-2.0
// Where the verbs of `lockstep eval` put their results: JSON or a table on standard output, and a file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/verb.h"
#include "rewards/evaluation/bootstrap.h"
#include "rl/evaluate.h"

namespace lockstep::cli {

// --table and --output.
std::vector<Option> eval_output_options();

// JSON on standard output; with --table the table instead; with --output FILE the JSON goes into the file and the table to standard output.
void put_eval(const Arguments& arguments, const base::Json& json, const std::function<std::string()>& table);

// "0.512 [0.471, 0.553]"; without an interval the value alone.
std::string estimate_text(double value, const std::optional<rewards::evaluation::Interval>& interval);

// One evaluation: what was asked, what came of it, and pass@1 of greedy decoding.
struct NamedEval {
  std::string name;
  rl::EvalResult result;
  double greedy = 0;  // no meaning without an accuracy reward
  base::Json to_json() const;
};

// Measures of all evaluations, then pass@1 of their groups of prompts, then their rewards.
std::string eval_table(const std::vector<NamedEval>& evals);

}  // namespace lockstep::cli
