// SPDX-License-Identifier: Apache-2.0
// Options shared by the verbs that sample or score.
#include "cli/open_policy.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace lockstep::cli {
namespace {

double number_or(const Arguments& arguments, const std::string& name, double fallback) {
  const auto value = arguments.value(name);
  if (!value) return fallback;
  const auto json = base::Json::parse(*value, nullptr, /*allow_exceptions=*/false);
  if (!json.is_number())
    throw UsageError(cat("--", name, " is no number: ", base::printable(*value)), arguments.command(), "give a decimal number");
  return json.get<double>();
}

}  // namespace

std::vector<Option> policy_options() {
  return {{.name = "model", .value = "PATH", .meaning = "model folder or .gguf file", .is_required = true},
          {.name = "dtype", .value = "f32|bf16", .meaning = "storage and compute type (default f32)"},
          {.name = "device", .value = "cpu|cuda", .meaning = "default cpu"},
          {.name = "kernels", .value = "auto|portable", .meaning = "our own kernels where they exist, or torch operations (default auto)"}};
}

std::vector<Option> sampling_options() {
  return {{.name = "format", .value = "NAME", .meaning = "prompt format: raw, r1_zero, chatml, llama3, deepseek_r1 (default raw)"},
          {.name = "system", .value = "TEXT", .meaning = "system message"},
          {.name = "prefill", .value = "TEXT", .meaning = "text that every completion begins with"},
          {.name = "temperature", .value = "T", .meaning = "0 is greedy (default 1)"},
          {.name = "top-k", .value = "K", .meaning = "keep the k most likely tokens"},
          {.name = "top-p", .value = "P", .meaning = "keep the smallest set with this probability"},
          {.name = "min-p", .value = "P", .meaning = "drop tokens below this share of the best one's probability"},
          {.name = "max-tokens", .value = "N", .meaning = "new tokens at most (default 256)"},
          {.name = "stop", .value = "TEXT", .meaning = "end a completion here", .is_repeatable = true},
          {.name = "seed", .value = "N", .meaning = "keys the noise (default 0)"}};
}

rl::RunConfig policy_config(const Arguments& arguments) {
  rl::RunConfig config;
  config.model.path = *arguments.value("model");
  config.model.dtype = choice_or(arguments, "dtype", "f32", {"f32", "bf16"}) == "bf16" ? "bfloat16" : "float32";
  config.device = choice_or(arguments, "device", "cpu", {"cpu", "cuda"});
  config.kernels = choice_or(arguments, "kernels", "auto", {"auto", "portable"});
  return config;
}

rl::PromptConfig prompt_config(const Arguments& arguments) {
  return {arguments.value_or("format", "raw"), arguments.value_or("system", ""), arguments.value_or("prefill", "")};
}

rollout::SamplingConfig sampling_config(const Arguments& arguments) {
  base::Json json = {{"temperature", number_or(arguments, "temperature", 1.0)},
                     {"top_k", arguments.integer_or("top-k", 0, 0, int64_t{1} << 30)},
                     {"top_p", number_or(arguments, "top-p", 1.0)},
                     {"min_p", number_or(arguments, "min-p", 0.0)},
                     {"max_completion_length", arguments.integer_or("max-tokens", 256, 1, int64_t{1} << 24)},
                     {"stop", arguments.values("stop")}};
  rollout::SamplingConfig config;
  base::load(json, config, "/sampling");
  return config;
}

std::string choice_or(const Arguments& arguments,
                      const std::string& name,
                      const std::string& fallback,
                      const std::vector<std::string>& choices) {
  const std::string value = arguments.value_or(name, fallback);
  if (std::find(choices.begin(), choices.end(), value) == choices.end())
    throw UsageError(cat("unknown --", name, " ", base::printable(value)), arguments.command(), cat("use ", base::join(choices, " or ")));
  return value;
}

uint64_t seed_of(const Arguments& arguments) {
  return static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, std::numeric_limits<int64_t>::max()));
}

OpenPolicy::OpenPolicy(const rl::RunConfig& config)
    : policy(rl::make_policy(config, "")), pool(base::default_num_threads()),
      engine(policy.transformer, policy.tokenizer.get(), config.engine, pool) {
  at::set_num_threads(1);  // lanes are the parallelism
}

}  // namespace lockstep::cli
