// SPDX-License-Identifier: Apache-2.0
// The kinds that need tensors, beside those that do not.
#include "rl/pipeline/kinds.h"

#include "base/error.h"
#include "base/text.h"
#include "rl/pipeline/data_kinds.h"
#include "rl/pipeline/evaluate_models.h"
#include "rl/pipeline/kind_of.h"
#include "rl/pipeline/rewrite_stage.h"
#include "rl/pipeline/sample.h"

namespace lockstep::rl::pipeline {
namespace {

constexpr int kStopped = 75;

// The rules of a run's config name their place from the config's root.
void check_train(const RunConfig& config, const std::string& path) {
  try {
    validate(config);
  } catch (const Error& error) {
    throw Error(error.what_happened(), path + error.where(), error.fix());
  }
}

Kind train_kind(const RunTraining& run_training) {
  const auto run = [run_training](const RunConfig& stage, const std::string& folder) {
    RunConfig config = stage;
    config.output_dir = folder;
    const int code = run_training(config);
    if (code != 0 && code != kStopped) throw Error(cat("the training ended with code ", code), folder, "its log is in this folder; the same command resumes");
    return code == kStopped ? WorkEnd::stopped : WorkEnd::done;
  };
  return kind_of<RunConfig>("train", "a run of `lockstep train`: pre-training, fine-tuning, preferences, reinforcement learning; output_dir is the stage's folder",
                            {"model", "base"}, run, check_train);
}

}  // namespace

Kinds all_kinds(const RunTraining& run_training) {
  Kinds kinds = {train_kind(run_training),
                 kind_of<SampleStage>("sample", "completions of a model, scored", {"rows.jsonl"}, run_sample, check_sample),
                 kind_of<RewriteStage>("rewrite", "sampled rows in the pattern of cold-start data", {"rows.jsonl"}, run_rewrite, check_rewrite),
                 kind_of<EvaluateStage>("evaluate", "models against evaluation suites", {"results.json", "table.md"}, run_evaluate, check_evaluate)};
  for (auto& kind : data_kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

}  // namespace lockstep::rl::pipeline
