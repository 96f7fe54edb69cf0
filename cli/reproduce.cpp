// SPDX-License-Identifier: Apache-2.0
// `lockstep reproduce`: one of the results of RESULTS.md again, for several seeds.
#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/train_pipeline.h"
#include "cli/verb.h"
#include "rl/pipeline/run_pipeline.h"
#include "rl/pipeline/summary.h"

namespace lockstep::cli {
namespace {

namespace fs = std::filesystem;
namespace pipeline = rl::pipeline;

const char* const kFolder = "configs/results";

std::vector<std::string> known_results() {
  std::vector<std::string> names;
  if (fs::is_directory(kFolder))
    for (const auto& entry : fs::directory_iterator(kFolder))
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string file_of(const Arguments& arguments) {
  const std::string& name = arguments.positional(0);
  if (name.ends_with(".json")) return name;
  const std::string file = cat(kFolder, "/", name, ".json");
  const auto names = known_results();
  if (!fs::exists(file))
    throw UsageError(cat("no result is called ", base::printable(name)), arguments.command(),
                     names.empty() ? cat("start from the folder that holds ", kFolder) : cat("use one of ", base::join(names, ", ")));
  return file;
}

// "1,2,3"
std::vector<uint64_t> seeds_of(const Arguments& arguments) {
  std::vector<uint64_t> seeds;
  const std::string text = arguments.value_or("seeds", "1,2,3");
  for (const std::string& word : base::split(text, ',')) {
    const bool is_number = !word.empty() && word.size() <= 18 && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || std::find(seeds.begin(), seeds.end(), is_number ? std::stoull(word) : 0) != seeds.end())
      throw UsageError(cat("--seeds is no list of different numbers: ", base::printable(text)), arguments.command(), "write e.g. 1,2,3");
    seeds.push_back(std::stoull(word));
  }
  return seeds;
}

pipeline::Pipeline pipeline_of(const Arguments& arguments, const std::string& root, uint64_t seed) {
  auto assignments = arguments.values("set");
  assignments.push_back(cat("output_dir=", root, "/seed", seed));
  assignments.push_back(cat("seed=", seed));
  return pipeline::load_pipeline(file_of(arguments), assignments);
}

ExitCode run_reproduce(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes and shards are the parallelism
  if (arguments.num_positionals() == 0) {
    std::cout << base::join(known_results(), "\n") << "\n";
    return ExitCode::done;
  }
  const auto seeds = seeds_of(arguments);
  const std::string root = arguments.value_or("output-dir", cat("runs/results/", fs::path(file_of(arguments)).stem().string()));
  const auto kinds = pipeline_kinds(0);
  std::vector<pipeline::Pipeline> graphs;
  for (const uint64_t seed : seeds) graphs.push_back(pipeline_of(arguments, root, seed));
  for (const auto& graph : graphs) {
    base::log_info(cat("seed ", graph.seed, ": ", graph.output_dir));
    if (!pipeline::run_pipeline(graph, kinds)) {
      base::log_warn("stopped by a signal; the same command resumes");
      return ExitCode::requeue;
    }
  }
  const std::string text = pipeline::summarize(graphs);
  base::write_file_atomic(root + "/summary.md", text);
  std::cout << text;
  return ExitCode::done;
}

}  // namespace

Verb reproduce_verb() {
  return {.name = "reproduce",
          .summary = "run a result of RESULTS.md again for several seeds, and print its tables",
          .usage = {.positionals = {{"NAME", "a file of configs/results without .json, or the path of any pipeline (default: list them)", false}},
                    .options = {{.name = "seeds", .value = "LIST", .meaning = "seeds, one pipeline each (default: 1,2,3)"},
                                {.name = "output-dir", .value = "DIR", .meaning = "a folder for each seed in it (default: runs/results/NAME)"},
                                {.name = "set", .value = "PATH=VALUE", .meaning = "override a field of the pipeline", .is_repeatable = true}},
                    .notes = "The same command again resumes. The tables are also written to DIR/summary.md.\n"},
          .run = run_reproduce};
}

}  // namespace lockstep::cli
