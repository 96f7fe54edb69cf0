// SPDX-License-Identifier: Apache-2.0
// The stage that draws completions: traces for a cold start, candidates for rejection sampling, a teacher's answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rewards/registry.h"
#include "rl/pipeline/kind.h"
#include "rl/pipeline/open_model.h"
#include "rl/run_config.h"

namespace lockstep::rl::pipeline {

struct SampleStage {
  ModelConfig model;
  PromptConfig prompt;
  PromptSource data;
  int64_t num_prompts = 1000;
  int num_generations = 16;
  int num_prompts_at_once = 64;
  rollout::SamplingConfig sampling;
  std::vector<rewards::RewardConfig> rewards;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("model", model, "what draws");
    field("prompt", prompt, "how prompts become ids");
    field("data", data, "prompts");
    field("num_prompts", num_prompts, "prompts; 0: all rows of the file, once", base::at_least(0));
    field("num_generations", num_generations, "completions per prompt", base::between(1, 65536));
    field("num_prompts_at_once", num_prompts_at_once, "prompts between two saves; changes no bit", base::at_least(1));
    field("sampling", sampling, "how completions are drawn");
    field("rewards", rewards, "rewards that every completion is scored with; empty: none");
    field("seed", seed, "keys the noise and the order of prompts");
  }
};

// Leaves rows.jsonl: for each completion the prompt's row, and completion, reward (null where none applies), rewards (name -> value or
// status), sample, num_tokens, finish_reason. Rows stand in the order of prompts and samples; a stopped call goes on behind the last
// whole prompt, with the same bits.
WorkEnd run_sample(const SampleStage& config, const std::string& folder);

// Rules across fields; Errors at `path` and below.
void check_sample(const SampleStage& config, const std::string& path);

}  // namespace lockstep::rl::pipeline
