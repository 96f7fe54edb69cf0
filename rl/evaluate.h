// SPDX-License-Identifier: Apache-2.0
// Held-out evaluation: pass@1 as the mean over samples, pass@k, majority vote, format, length, reflection words.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rewards/evaluation/measure.h"
#include "rl/prompts.h"
#include "rl/scoring.h"
#include "rollout/engine.h"

namespace lockstep::rl {

struct EvalResult {
  std::optional<std::string> accuracy_reward;  // name of the reward that says what is right; none: no pass@, no cons@
  double pass_at_1 = 0;      // mean over samples and prompts of "accuracy is at least 1"; 0 without an accuracy reward
  double pass_at_k = 0;      // unbiased over the samples of a prompt, k = num_samples (Chen et al. 2021, arXiv:2107.03374)
  double cons_at_k = 0;      // the most frequent answer is right (ties: the first drawn; no answer: no vote)
  std::optional<double> format;  // mean of the format reward over the samples that it scores; none without one
  double mean_length = 0;    // tokens, the ending token included
  double reflection = 0;     // share of completions with a reflection word
  double truncated = 0;      // share cut by the length limit
  double reward = 0;         // mean weighted reward
  int64_t num_prompts = 0, num_samples = 0;
  int64_t num_skipped_prompts = 0;  // the accuracy reward skipped all their samples: in no pass@ and no cons@
  rewards::evaluation::Measures measures;  // other k, intervals, groups of prompts; empty without an accuracy reward
  // Of every reward over its ok scores, as in the metrics of a run: "rewards/NAME/mean", "rewards/NAME/skip_ratio", and each metric that
  // it names, as the share of one-language chains of `language`.
  std::map<std::string, double> rewards;
  // What needs an accuracy reward is null without one, and "accuracy_reward" too; so is "format" without its reward.
  base::Json to_json() const;
};

// The place of the reward that says what is right: the one named `name`, or, when that is empty, the first whose type is "accuracy" or
// begins with "accuracy_". Error: no reward of that name.
std::optional<size_t> find_accuracy(const std::vector<rewards::RewardConfig>& rewards, const std::string& name);

struct EvalOptions {
  int num_prompts = 256;  // at most; a file is not gone through twice
  int num_samples = 8;
  rollout::SamplingConfig sampling = {};
  uint64_t seed = 0;
  std::string accuracy_reward = {};
  rewards::evaluation::MeasureConfig measure = {};  // its key is made from the seed
  Draws draws = {};
  std::string source = {};                                    // names the rows of on_sample
  std::function<void(const base::Json& row)> on_sample = {};  // a row of rewards/evaluation/sample_file.h, in order
};

EvalResult evaluate(rollout::Engine& engine, const PromptSet& prompts, const RewardSet& rewards, const EvalOptions& options);

}  // namespace lockstep::rl
