// SPDX-License-Identifier: Apache-2.0
// `lockstep config`: the reference of every config struct, made from the structs themselves.
#include "base/config.h"

#include <algorithm>
#include <iostream>

#include "base/text.h"
#include "cli/train_pipeline.h"
#include "cli/verb.h"
#include "rewards/data/filter_config.h"
#include "rewards/data/mix.h"
#include "rewards/data/rewrite_config.h"
#include "rl/pipeline/pipeline_config.h"
#include "rl/run_config.h"

namespace lockstep::cli {
namespace {

struct RegisteredConfig {
  std::string name;
  std::string meaning;
  std::string (*reference)();
};

std::string pipeline_reference() {
  return cat(base::reference<rl::pipeline::PipelineFile>(), "\nstages.NAME:\n", base::reference<rl::pipeline::StageEntry>(), "\nkinds:\n\n",
             rl::pipeline::kinds_reference(pipeline_kinds(0)));
}

// A config struct that users write as JSON is entered here; `base::reference` does the rest.
const std::vector<RegisteredConfig>& registered_configs() {
  static const std::vector<RegisteredConfig> configs = {
      {"run", "what `lockstep train` reads", &base::reference<rl::RunConfig>},
      {"pipeline", "what `lockstep train` reads when it has stages", &pipeline_reference},
      {"filter", "what `lockstep data filter` reads", &base::reference<rewards::data::FilterConfig>},
      {"rewrite", "what `lockstep data rewrite` reads", &base::reference<rewards::data::RewriteConfig>},
      {"mix", "what `lockstep data mix` reads", &base::reference<rewards::data::MixConfig>}};
  return configs;
}

ExitCode run_config(const Arguments& arguments) {
  const std::string wanted = arguments.num_positionals() > 0 ? arguments.positional(0) : "";
  std::vector<std::string> names;
  for (const RegisteredConfig& config : registered_configs()) {
    names.push_back(config.name);
    if (!wanted.empty() && wanted != config.name) continue;
    std::cout << config.name << ": " << config.meaning << "\n\n" << config.reference() << "\n";
  }
  if (!wanted.empty() && std::find(names.begin(), names.end(), wanted) == names.end()) {
    throw Error(cat("unknown config: ", base::printable(wanted)), arguments.command(),
                cat("give one of ", base::join(names, ", ")));
  }
  return ExitCode::done;
}

}  // namespace

Verb config_verb() {
  return {.name = "config",
          .summary = "print every config field with its type, default, range and meaning",
          .usage = {.positionals = {{"NAME", "one of the configs (default: all)", false}}},
          .run = run_config};
}

}  // namespace lockstep::cli
