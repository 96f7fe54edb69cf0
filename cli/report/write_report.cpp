// SPDX-License-Identifier: Apache-2.0
// Reading run folders and writing the page over them.
#include "cli/report/write_report.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/report/page.h"
#include "cli/report/run_reader.h"

namespace lockstep::cli::report {
namespace {

// The page stays within a few megabytes however many runs it shows.
ReadLimits limits_for(size_t num_runs) {
  ReadLimits limits;
  limits.max_points = std::max<size_t>(96, limits.max_points * 2 / (1 + num_runs));
  limits.samples.max_bytes /= num_runs;
  limits.samples.max_steps = std::max<size_t>(8, limits.samples.max_steps / num_runs);
  return limits;
}

// Runs of the same folder name are told apart by a number.
void number_names(base::Json& runs) {
  std::map<std::string, int> seen;
  for (auto& run : runs) {
    const std::string name = run["name"].get<std::string>();
    if (const int count = ++seen[name]; count > 1) run["name"] = cat(name, " (", count, ")");
  }
}

}  // namespace

void write_report(const std::vector<std::string>& folders, const std::string& output) {
  if (folders.empty() || folders.size() > kMaxRuns)
    throw Error(cat("a report is of 1 to ", kMaxRuns, " runs, these are ", folders.size()), output, "name fewer run folders");
  base::Json runs = base::Json::array();
  for (const auto& folder : folders) runs.push_back(RunReader(folder, limits_for(folders.size())).document());
  number_names(runs);
  const std::string first = runs[0]["name"].get<std::string>();
  const std::string title = folders.size() == 1 ? first : cat(first, " and ", folders.size() - 1, " more");
  base::write_file_atomic(output, make_page(page_document(std::move(runs)), {.title = title}));
}

std::string write_report(const std::string& folder) {
  const std::string output = folder + "/report.html";
  write_report({folder}, output);
  return output;
}

}  // namespace lockstep::cli::report
