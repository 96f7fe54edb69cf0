// SPDX-License-Identifier: Apache-2.0
// Held-out evaluation: pass@1 as the mean over samples, pass@k, majority vote, format, length, reflection words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rl/prompts.h"
#include "rl/scoring.h"
#include "rollout/engine.h"

namespace lockstep::rl {

struct EvalResult {
  double pass_at_1 = 0;      // mean over samples and prompts of "accuracy is 1"; 0 without an accuracy reward
  double pass_at_k = 0;      // unbiased over the samples of a prompt, k = num_samples (Chen et al. 2021, arXiv:2107.03374)
  double cons_at_k = 0;      // the most frequent answer is right (ties: the first drawn; no answer: no vote)
  bool has_format = false;   // a format reward is configured
  double format = 0;         // its mean; 0 without one
  double mean_length = 0;    // tokens, the ending token included
  double reflection = 0;     // share of completions with a reflection word
  double truncated = 0;      // share cut by the length limit
  double reward = 0;         // mean weighted reward
  int64_t num_prompts = 0, num_samples = 0;
  std::map<std::string, double> pass_by_difficulty;
  base::Json to_json() const;
};

// Unbiased estimate of "at least one of k samples is right" from c right ones of n (eq. 1 there).
double pass_at_k(int64_t n, int64_t c, int64_t k);

EvalResult evaluate(rollout::Engine& engine,
                    const PromptSet& prompts,
                    const RewardSet& rewards,
                    int num_prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    uint64_t seed,
                    const Draws& draws = {});

}  // namespace lockstep::rl
