// SPDX-License-Identifier: Apache-2.0
// Pipelines from the command line.
#include "cli/train_pipeline.h"

#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/launch.h"
#include "cli/report/write_report.h"
#include "rl/pipeline/kinds.h"
#include "rl/pipeline/run_pipeline.h"
#include "rl/session.h"

namespace lockstep::cli {
namespace {

namespace pipeline = rl::pipeline;

int run_in_ranks(const rl::RunConfig& config, int num_ranks) {
  rl::check_ranks(config, num_ranks);
  const std::string file = config.output_dir + "/train.json";
  base::write_file_atomic(file, base::dump(config).dump(2) + "\n");
  return static_cast<int>(launch_ranks(num_ranks, {"train", "--", file}));
}

// A page for each training and one that compares them. A pipeline is no less done for want of a page.
void write_reports(const pipeline::Pipeline& pipeline) {
  std::vector<std::string> folders;
  for (const auto& stage : pipeline.stages)
    if (stage.kind == "train" && std::filesystem::exists(pipeline.folder(stage.name) + "/metrics.jsonl")) folders.push_back(pipeline.folder(stage.name));
  try {
    for (const auto& folder : folders) report::write_report(folder);
    if (folders.size() > report::kMaxRuns) folders.resize(report::kMaxRuns);
    if (folders.empty()) return;
    const std::string page = pipeline.output_dir + "/report.html";
    report::write_report(folders, page);
    base::log_info(cat("report: ", page));
  } catch (const std::exception& error) {
    base::log_warn(cat("no report: ", error.what()));
  }
}

void print_tables(const pipeline::Pipeline& pipeline) {
  for (const auto& stage : pipeline.stages) {
    const std::string table = pipeline.folder(stage.name) + "/table.md";
    if (stage.kind == "evaluate" && std::filesystem::exists(table)) std::cout << "## " << stage.name << "\n\n" << base::read_file(table);
  }
}

}  // namespace

rl::pipeline::Kinds pipeline_kinds(int num_ranks) {
  return pipeline::all_kinds([num_ranks](const rl::RunConfig& config) { return num_ranks > 0 ? run_in_ranks(config, num_ranks) : rl::run(config); });
}

ExitCode train_pipeline(const Arguments& arguments, int num_ranks) {
  const auto graph = pipeline::load_pipeline(arguments.positional(0), arguments.values("set"));
  const auto kinds = pipeline_kinds(num_ranks);
  pipeline::check_pipeline(graph, kinds);
  std::cout << pipeline::describe(graph, kinds);
  if (arguments.has("dry-run")) return ExitCode::done;
  if (!pipeline::run_pipeline(graph, kinds)) {
    base::log_warn("stopped by a signal; the same command resumes");
    return ExitCode::requeue;
  }
  write_reports(graph);
  std::cout << pipeline::describe(graph, kinds);
  print_tables(graph);
  return ExitCode::done;
}

}  // namespace lockstep::cli
