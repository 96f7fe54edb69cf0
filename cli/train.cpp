// SPDX-License-Identifier: Apache-2.0
// `lockstep train`: a whole run from one config file.
#include <ATen/Parallel.h>

#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/launch.h"
#include "cli/report/write_report.h"
#include "cli/train_pipeline.h"
#include "cli/verb.h"
#include "rl/budget.h"
#include "rl/pipeline/pipeline_config.h"
#include "rl/session.h"

namespace lockstep::cli {
namespace {

constexpr int64_t kMostRanks = 256;

// To standard error: standard output is the config alone. A model that is not there yet does not keep a config from being checked.
void print_budget(const rl::RunConfig& config) {
  try {
    for (const auto& line : rl::make_budget(config).lines()) std::cerr << line << "\n";
  } catch (const Error& error) {
    std::cerr << "no budget: " << error.what() << "\n";
  }
}

std::vector<std::string> words_of_rank(const Arguments& arguments) {
  std::vector<std::string> words = {"train"};
  for (const auto& assignment : arguments.values("set")) words.insert(words.end(), {"--set", assignment});
  words.insert(words.end(), {"--", arguments.positional(0)});
  return words;
}

// A run is no less done for want of its report.
void write_report(const std::string& folder) {
  try {
    base::log_info(cat("report: ", report::write_report(folder)));
  } catch (const std::exception& error) {
    base::log_warn(cat("no report: ", error.what()));
  }
}

ExitCode run_pipeline(const Arguments& arguments) {
  if (const int size = rl::ranks::find_place().size; size > 1)
    throw Error(cat("a pipeline started as ", size, " ranks"), arguments.positional(0),
                "start it once; `--launch N` runs its trainings as ranks of this machine");
  return train_pipeline(arguments, arguments.has("launch") ? static_cast<int>(arguments.integer_or("launch", 1, 1, kMostRanks)) : 0);
}

ExitCode run_train(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes and shards are the parallelism
  end_with_launcher();
  if (rl::pipeline::is_pipeline(arguments.positional(0))) return run_pipeline(arguments);
  const auto config = rl::load_run_config(arguments.positional(0), arguments.values("set"));
  if (arguments.has("dry-run")) {
    std::cout << base::dump(config).dump(2) << "\n";
    print_budget(config);
    return ExitCode::done;
  }
  if (arguments.has("launch")) {
    const auto count = static_cast<int>(arguments.integer_or("launch", 1, 1, kMostRanks));
    rl::check_ranks(config, count);
    return launch_ranks(count, words_of_rank(arguments));
  }
  const auto place = rl::ranks::find_place();
  const auto code = static_cast<ExitCode>(rl::run(config, place));
  if (place.rank == 0) write_report(config.output_dir);
  return code;
}

}  // namespace

Verb train_verb() {
  return {.name = "train",
          .summary = "pre-train, fine-tune and reinforce as a config says; the same command again resumes",
          .usage = {.positionals = {{"CONFIG", "the JSON file of a run, or of a pipeline of stages (comments allowed)"}},
                    .options = {{.name = "set", .value = "PATH=VALUE", .meaning = "override a field, e.g. grpo.loss.beta=0.001", .is_repeatable = true},
                                {.name = "launch", .value = "N", .meaning = "run as N ranks on this machine, each with its share of the threads; the bits are those of one"},
                                {.name = "dry-run", .meaning = "print the resolved config, and what it needs in memory and tokens, or a pipeline's graph; start nothing"}},
                    .notes = "SIGTERM, SIGINT and SIGUSR1 save after the current step and exit with 75.\n"
                             "Ranks on several machines: start this command with torchrun, srun or mpirun on a private network.\n"},
          .run = run_train};
}

}  // namespace lockstep::cli
