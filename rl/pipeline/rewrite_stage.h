// SPDX-License-Identifier: Apache-2.0
// The stage that rewrites sampled rows for a cold start: by rules, by a model run here, or by one behind an endpoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rewards/data/rewrite_config.h"
#include "rl/pipeline/kind.h"
#include "rl/pipeline/open_model.h"
#include "rl/run_config.h"

namespace lockstep::rl::pipeline {

struct RewriteStage {
  std::vector<std::string> inputs;
  rewards::data::RewriteConfig rules;
  ModelConfig model;
  PromptConfig prompt;
  rollout::SamplingConfig sampling;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("inputs", inputs, "files of rows with completions");
    field("rules", rules, "what becomes of a row");
    field("model", model, "with the method \"model\": what rewrites");
    field("prompt", prompt, "how the request becomes ids");
    field("sampling", sampling, "how the rewritten text is drawn");
    field("seed", seed, "keys the noise");
  }
};

// Leaves rows.jsonl, and a report.json beside it. By rules, and by a model run here, the rows are a function of the inputs; an endpoint
// may answer otherwise the next time, and its rows are kept like all others.
WorkEnd run_rewrite(const RewriteStage& config, const std::string& folder);

// Errors at `path` and below.
void check_rewrite(const RewriteStage& config, const std::string& path);

}  // namespace lockstep::rl::pipeline
