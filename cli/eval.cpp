// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: pass@k and cons@k with intervals, and greedy accuracy, of a model on tasks and files.
#include <map>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "cli/eval_output.h"
#include "cli/open_policy.h"
#include "rl/evaluate.h"

namespace lockstep::cli {
namespace {

struct Rewards {
  std::vector<rewards::RewardConfig> rewards;
  void visit(auto&& field) { field("rewards", rewards, "rewards of the evaluation"); }
};

struct NamedSource {
  std::string name;
  rl::PromptSource source;
};

// Tasks before files; of two with the same name the second is NAME#2.
std::vector<NamedSource> sources_of(const Arguments& arguments) {
  const auto &tasks = arguments.values("task"), &files = arguments.values("data"), &parameters = arguments.values("task-parameters");
  if (tasks.empty() && files.empty())
    throw UsageError("neither --task nor --data is given", arguments.command(), "name a task, or a file of rows, or several of them");
  if (parameters.size() > tasks.size())
    throw UsageError(cat("--task-parameters is given ", parameters.size(), " times, --task ", tasks.size(), " times"), arguments.command(),
                     "give the parameters in the order of the tasks, {} for defaults");
  std::vector<NamedSource> out;
  for (size_t i = 0; i < tasks.size(); ++i) {
    rl::PromptSource source;
    source.task = tasks[i];
    if (i < parameters.size()) source.task_parameters = base::parse_json(parameters[i], "--task-parameters");
    out.push_back({tasks[i], std::move(source)});
  }
  for (const auto& file : files) {
    out.push_back({file, {}});
    out.back().source.file = file;
  }
  std::map<std::string, int> seen;
  for (auto& [name, source] : out)
    if (const int count = ++seen[name]; count > 1) name = cat(name, "#", count);
  return out;
}

std::vector<rewards::RewardConfig> rewards_of(const Arguments& arguments) {
  const std::string fallback = R"([{"type": "accuracy"}, {"type": "format"}])";
  Rewards out;
  base::load(base::Json{{"rewards", base::parse_json(arguments.value_or("rewards", fallback), "--rewards")}}, out);
  return out.rewards;
}

// "1,4,16"
std::vector<int64_t> k_of(const Arguments& arguments, int num_samples) {
  std::vector<int64_t> out;
  const auto text = arguments.value("k");
  if (!text) return out;
  for (const auto& word : base::split(*text, ',')) {
    const auto json = base::Json::parse(word, nullptr, /*allow_exceptions=*/false);
    const int64_t k = json.is_number_integer() ? json.get<int64_t>() : 0;
    if (k < 1 || k > num_samples)
      throw UsageError(cat("--k ", base::printable(*text), " of ", num_samples, " samples"), arguments.command(),
                       "give whole numbers from 1 to --samples, as 1,4,8");
    out.push_back(k);
  }
  return out;
}

rl::EvalOptions options_of(const Arguments& arguments) {
  rl::EvalOptions options;
  options.num_prompts = static_cast<int>(arguments.integer_or("prompts", 256, 1, 1 << 24));
  options.num_samples = static_cast<int>(arguments.integer_or("samples", 8, 1, 65536));
  options.sampling = sampling_config(arguments);
  options.seed = base::derive_key(seed_of(arguments), "evaluation");
  options.accuracy_reward = arguments.value_or("accuracy-reward", "");
  options.measure.k = k_of(arguments, options.num_samples);
  options.measure.num_resamples = static_cast<int>(arguments.integer_or("resamples", 1000, 0, 1 << 20));
  return options;
}

// With the samples' rows, if they are wanted.
NamedEval run_source(OpenPolicy& open, const rl::PromptSet& prompts, const rl::RewardSet& rewards, rl::EvalOptions options,
                     std::string* samples) {
  NamedEval out;
  out.name = options.source;
  if (samples) options.on_sample = [&](const base::Json& row) { samples->append(row.dump()).push_back('\n'); };
  out.result = rl::evaluate(open.engine, prompts, rewards, options);
  options.on_sample = {};
  options.sampling.temperature = 0;
  options.num_samples = 1;
  options.measure.k = {1};
  options.measure.num_resamples = 0;
  out.greedy = rl::evaluate(open.engine, prompts, rewards, options).pass_at_1;
  return out;
}

base::Json to_json(const std::vector<NamedEval>& evals) {
  if (evals.size() == 1) return evals.front().to_json();
  base::Json out = base::Json::object();
  for (const auto& eval : evals) out[eval.name] = eval.to_json();
  return out;
}

ExitCode run_eval(const Arguments& arguments) {
  const uint64_t seed = seed_of(arguments);
  const auto sources = sources_of(arguments);
  const rl::RewardSet rewards(rewards_of(arguments), seed);
  auto options = options_of(arguments);
  rl::find_accuracy(rewards.configs, options.accuracy_reward);
  OpenPolicy open(policy_config(arguments));  // after what can be wrong on the command line
  std::vector<NamedEval> evals;
  std::string samples;
  for (const auto& [name, source] : sources) {
    const rl::PromptSet prompts(source, /*is_eval=*/true, prompt_config(arguments), *open.policy.tokenizer, seed);
    options.source = name;
    evals.push_back(run_source(open, prompts, rewards, options, arguments.has("samples-out") ? &samples : nullptr));
  }
  if (const auto file = arguments.value("samples-out")) base::write_file_atomic(*file, samples);
  put_eval(arguments, to_json(evals), [&] { return eval_table(evals); });
  return ExitCode::done;
}

std::vector<Option> eval_options() {
  return {
      {.name = "task", .value = "NAME", .meaning = "held-out split of a built-in task", .is_repeatable = true},
      {.name = "task-parameters", .value = "JSON", .meaning = "parameters of the task; the n-th of the n-th task", .is_repeatable = true},
      {.name = "data", .value = "FILE", .meaning = "rows with \"prompt\" and \"answer\", all of them used in order", .is_repeatable = true},
      {.name = "rewards", .value = "JSON", .meaning = "list of rewards (default accuracy and format)"},
      {.name = "accuracy-reward", .value = "NAME", .meaning = "the reward that says what is right (default: the first of type accuracy or accuracy_*)"},
      {.name = "prompts", .value = "N", .meaning = "prompts of each source at most (default 256)"},
      {.name = "samples", .value = "K", .meaning = "samples per prompt, k of pass@k and cons@k (default 8)"},
      {.name = "k", .value = "LIST", .meaning = "other k, as 1,4,8 (default: powers of 2 and the samples)"},
      {.name = "resamples", .value = "N", .meaning = "of the prompts, for the 95 % intervals; 0: none (default 1000)"},
      {.name = "samples-out", .value = "FILE", .meaning = "write every sample as a JSON line, for `lockstep eval compare`"}};
}

}  // namespace

Verb eval_verb() {
  auto options = policy_options();
  for (const auto& more : {sampling_options(), eval_options(), eval_output_options()}) options.insert(options.end(), more.begin(), more.end());
  return {.name = "eval",
          .summary = "measure pass@1, pass@k, cons@k and greedy accuracy on held-out prompts",
          .usage = {.options = options,
                    .notes = "Prints JSON: of one source its measures, of several an object with one entry a source. Intervals are percentile bootstraps\n"
                             "over prompts; without an accuracy reward what needs one is null.\n"},
          .run = run_eval};
}

}  // namespace lockstep::cli
