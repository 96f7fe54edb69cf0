// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: pass@1, pass@k, cons@k and greedy accuracy of a model on a task or a file.
#include <iostream>

#include "base/rng.h"
#include "base/text.h"
#include "cli/open_policy.h"
#include "rl/evaluate.h"

namespace lockstep::cli {
namespace {

struct Rewards {
  std::vector<rewards::RewardConfig> rewards;
  void visit(auto&& field) { field("rewards", rewards, "rewards of the evaluation"); }
};

rl::PromptSource source_of(const Arguments& arguments) {
  if (arguments.has("task") == arguments.has("data"))
    throw UsageError("exactly one of --task and --data is needed", arguments.command(), "name a task, or a file of rows");
  rl::PromptSource source;
  source.task = arguments.value_or("task", "");
  source.file = arguments.value_or("data", "");
  if (const auto parameters = arguments.value("task-parameters"))
    source.task_parameters = base::parse_json(*parameters, "--task-parameters");
  return source;
}

std::vector<rewards::RewardConfig> rewards_of(const Arguments& arguments) {
  const std::string fallback = R"([{"type": "accuracy"}, {"type": "format"}])";
  Rewards out;
  base::load(base::Json{{"rewards", base::parse_json(arguments.value_or("rewards", fallback), "--rewards")}}, out);
  return out.rewards;
}

ExitCode run_eval(const Arguments& arguments) {
  const uint64_t seed = seed_of(arguments);
  const rl::RewardSet rewards(rewards_of(arguments), seed);
  const auto source = source_of(arguments);
  const int count = static_cast<int>(arguments.integer_or("prompts", 256, 1, 1 << 24));
  const int samples = static_cast<int>(arguments.integer_or("samples", 8, 1, 65536));
  auto sampling = sampling_config(arguments);
  OpenPolicy open(policy_config(arguments));  // after what can be wrong on the command line
  const rl::PromptSet prompts(source, /*is_eval=*/true, prompt_config(arguments), *open.policy.tokenizer, seed);
  const uint64_t key = base::derive_key(seed, "evaluation");
  auto result = rl::evaluate(open.engine, prompts, rewards, count, samples, sampling, key).to_json();
  sampling.temperature = 0;
  result["greedy"] = rl::evaluate(open.engine, prompts, rewards, count, 1, sampling, key).pass_at_1;
  std::cout << result.dump(2) << "\n";
  return ExitCode::done;
}

}  // namespace

Verb eval_verb() {
  auto options = policy_options();
  for (const auto& option : sampling_options()) options.push_back(option);
  options.push_back({.name = "task", .value = "NAME", .meaning = "held-out split of a built-in task"});
  options.push_back({.name = "task-parameters", .value = "JSON", .meaning = "parameters of the task"});
  options.push_back({.name = "data", .value = "FILE", .meaning = "rows with \"prompt\" and \"answer\", all of them used in order"});
  options.push_back({.name = "rewards", .value = "JSON", .meaning = "list of rewards (default accuracy and format)"});
  options.push_back({.name = "prompts", .value = "N", .meaning = "prompts at most (default 256)"});
  options.push_back({.name = "samples", .value = "K", .meaning = "samples per prompt, k of pass@k and cons@k (default 8)"});
  return {.name = "eval",
          .summary = "measure pass@1, pass@k, cons@k and greedy accuracy on held-out prompts",
          .usage = {.options = options},
          .run = run_eval};
}

}  // namespace lockstep::cli
