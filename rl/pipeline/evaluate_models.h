// SPDX-License-Identifier: Apache-2.0
// The stage that compares models: each of several on each of several evaluation suites, as one table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rewards/registry.h"
#include "rl/pipeline/kind.h"
#include "rl/pipeline/open_model.h"
#include "rl/run_config.h"

namespace lockstep::rl::pipeline {

struct Suite {
  PromptSource data;
  PromptConfig prompt;
  std::vector<rewards::RewardConfig> rewards;
  int num_prompts = 256;
  int num_samples = 16;
  std::string accuracy_reward;
  rollout::SamplingConfig sampling;
  void visit(auto&& field) {
    field("data", data, "held-out prompts");
    field("prompt", prompt, "how prompts become ids");
    field("rewards", rewards, "rewards");
    field("num_prompts", num_prompts, "prompts", base::at_least(1));
    field("num_samples", num_samples, "samples per prompt, k of pass@k and cons@k", base::at_least(1));
    field("accuracy_reward", accuracy_reward, "name of the reward that says what is right; empty: the first of an accuracy type");
    field("sampling", sampling, "how completions are drawn");
  }
};

struct EvaluateStage {
  base::Json models = base::Json::object();
  base::Json suites = base::Json::object();
  ModelConfig model;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("models", models, "name -> folder, e.g. {\"R1-Zero\": \"@r1_zero\"}, in the order of the table");
    field("suites", suites, "name -> {data, prompt, rewards, num_prompts, num_samples, sampling}");
    field("model", model, "how all of them are opened; `path` stays empty");
    field("seed", seed, "keys the noise: the same for all models");
  }
};

// Leaves results.json (suite -> model -> measures of rl/evaluate.h) and table.md. What one model did on one suite is kept, so that
// a stopped call does none twice.
WorkEnd run_evaluate(const EvaluateStage& config, const std::string& folder);

// Errors at `path` and below.
void check_evaluate(const EvaluateStage& config, const std::string& path);

}  // namespace lockstep::rl::pipeline
