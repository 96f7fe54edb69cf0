// SPDX-License-Identifier: Apache-2.0
// A model with its tokenizer and engine, for the verbs that only sample or score.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"
#include "rl/policy.h"
#include "rl/run_config.h"
#include "rollout/local_engine.h"

namespace lockstep::cli {

// --model, --dtype, --device, --kernels, as options of a verb.
std::vector<Option> policy_options();
// --format, --system, --prefill, --temperature, --top-k, --top-p, --min-p, --max-tokens, --stop, --seed.
std::vector<Option> sampling_options();

// The options as the config that `lockstep train` would have.
rl::RunConfig policy_config(const Arguments& arguments);
rl::PromptConfig prompt_config(const Arguments& arguments);
rollout::SamplingConfig sampling_config(const Arguments& arguments);
uint64_t seed_of(const Arguments& arguments);
// The option's value, one of `choices`, or `fallback`. UsageError that lists them otherwise.
std::string choice_or(const Arguments& arguments,
                      const std::string& name,
                      const std::string& fallback,
                      const std::vector<std::string>& choices);

struct OpenPolicy {
  rl::Policy policy;
  base::ThreadPool pool;
  rollout::LocalEngine engine;
  explicit OpenPolicy(const rl::RunConfig& config);
};

}  // namespace lockstep::cli
