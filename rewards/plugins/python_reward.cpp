// SPDX-License-Identifier: Apache-2.0
// The command line of a Python worker.
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plugins/embedded.h"
#include "rewards/plugins/pooled_reward.h"

namespace lockstep::rewards::plugins {

std::unique_ptr<Reward> make_python_reward(const std::string& name, const PythonConfig& config, const std::string& where) {
  if (config.file.empty() == config.module.empty()) {
    throw Error(config.file.empty() ? "no Python file is named" : "both a file and a module are named", where + "/options",
                "give one of them: {\"file\": \"my_reward.py\", \"function\": \"reward\"}");
  }
  if (!config.file.empty() && !std::filesystem::is_regular_file(config.file)) {
    throw Error(cat("there is no file ", base::printable(config.file)), where + "/options/file",
                "name a Python file; relative paths begin where Lockstep was started");
  }
  if (!config.arguments.is_object()) {
    throw Error(cat("arguments is ", config.arguments.type_name()), where + "/options/arguments", "give an object");
  }
  const base::Json settings = {{"file", config.file},           {"module", config.module},     {"function", config.function},
                               {"interface", config.interface}, {"messages", config.messages}, {"column", config.column},
                               {"arguments", config.arguments}, {"max_memory_mb", config.process.max_memory_mb}};
  WorkerOptions options{.argv = config.process.prefix(config.file),
                        .where = cat(where, ": ", config.file.empty() ? config.module : config.file),
                        .call_timeout_s = config.process.timeout_s,
                        .start_timeout_s = config.process.start_timeout_s};
  // -u: what a plugin prints before it hangs is in the log.
  for (const std::string& word : {config.python, std::string("-u"), std::string("-c"), std::string(kPythonHost), settings.dump()}) {
    options.argv.push_back(word);
  }
  return std::make_unique<PooledReward>(name, std::move(options), config.process.num_workers);
}

}  // namespace lockstep::rewards::plugins
