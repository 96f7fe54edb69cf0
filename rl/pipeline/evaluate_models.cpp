// SPDX-License-Identifier: Apache-2.0
// Models against suites.
#include "rl/pipeline/evaluate_models.h"

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/signal.h"
#include "base/text.h"
#include "rl/evaluate.h"
#include "rl/pipeline/markdown.h"
#include "rl/pipeline/measures.h"

namespace lockstep::rl::pipeline {
namespace {

Suite load_suite(const base::Json& json, const std::string& where) {
  Suite suite;
  base::load(json, suite, where);
  if (suite.rewards.empty()) throw Error("a suite without a reward measures nothing", where + "/rewards", "add at least one");
  if (suite.data.task.empty() && suite.data.file.empty()) throw Error("no prompts are named", where + "/data", "set \"task\" or \"file\"");
  return suite;
}

base::Json measure(OpenModel& open, const Suite& suite, uint64_t seed) {
  const RewardSet rewards(suite.rewards, seed);
  const PromptSet prompts(suite.data, /*is_eval=*/true, suite.prompt, *open.policy.tokenizer, seed);
  EvalOptions options;
  options.num_prompts = suite.num_prompts;
  options.num_samples = suite.num_samples;
  options.sampling = suite.sampling;
  options.seed = base::derive_key(seed, "evaluation");
  options.accuracy_reward = suite.accuracy_reward;
  return evaluate(open.engine, prompts, rewards, options).to_json();
}

// "0.912", and behind it its interval where there is one.
std::string cell(const base::Json& result, const std::string& key) {
  if (!result.contains(key) || !result.at(key).is_number()) return "-";
  std::string text = base::fixed(result.at(key).get<double>(), 3);
  const auto interval = result.find(key + "_ci");
  if (interval != result.end() && interval->is_array() && interval->size() == 2)
    text += cat(" [", base::fixed((*interval)[0].get<double>(), 3), ", ", base::fixed((*interval)[1].get<double>(), 3), "]");
  return text;
}

std::string table_of(const base::Json& results) {
  std::string out;
  for (const auto& [suite, models] : results.items()) {
    Cells head = shown_measures(models);
    std::vector<Cells> rows;
    for (const auto& [model, result] : models.items()) {
      Cells& row = rows.emplace_back(Cells{model});
      for (const auto& column : head) row.push_back(cell(result, column));
    }
    head.insert(head.begin(), "model");
    out += cat("### ", suite, "\n\n", markdown_table(head, rows), "\n\n");
  }
  return out;
}

}  // namespace

void check_evaluate(const EvaluateStage& config, const std::string& path) {
  if (!config.models.is_object() || config.models.empty()) throw Error("no models to compare", path + "/models", "add {\"NAME\": \"@STAGE\"}");
  if (!config.suites.is_object() || config.suites.empty()) throw Error("no suites", path + "/suites", "add {\"NAME\": {\"data\": ..., \"rewards\": [...]}}");
  for (const auto& [name, folder] : config.models.items())
    if (!folder.is_string()) throw Error(cat("the folder of \"", name, "\" is no text"), cat(path, "/models/", name), "write \"@STAGE\"");
  for (const auto& [name, suite] : config.suites.items()) {
    const std::string where = cat(path, "/suites/", name);
    RewardSet(load_suite(suite, where).rewards, config.seed);
  }
}

WorkEnd run_evaluate(const EvaluateStage& config, const std::string& folder) {
  const std::string parts = folder + "/parts";
  base::make_folders(parts);
  base::Json results = base::Json::object();
  for (const auto& [name, suite] : config.suites.items()) results[name] = base::Json::object();
  size_t number = 0;
  for (const auto& [name, path] : config.models.items()) {
    std::optional<OpenModel> open;
    for (const auto& [suite_name, json] : config.suites.items()) {
      const std::string part = cat(parts, "/", ++number, ".json");
      if (!std::filesystem::exists(part)) {
        auto model = config.model;
        model.path = path.get<std::string>();
        if (!open) open.emplace(model);
        base::write_file_atomic(part, measure(*open, load_suite(json, "/suites/" + suite_name), config.seed).dump(2) + "\n");
      }
      results[suite_name][name] = base::parse_json_file(part);
      base::log_info(cat(name, " on ", suite_name, ": pass@1 ", cell(results[suite_name][name], "pass_at_1")));
      if (base::stop_requested()) return WorkEnd::stopped;
    }
  }
  base::write_file_atomic(folder + "/table.md", table_of(results));
  base::write_file_atomic(folder + "/results.json", results.dump(2) + "\n");
  return WorkEnd::done;
}

}  // namespace lockstep::rl::pipeline
