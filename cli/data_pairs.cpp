// SPDX-License-Identifier: Apache-2.0
// `lockstep data pairs`: a preference set from scored completions.
#include <iostream>

#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "rewards/data/pairs.h"

namespace lockstep::cli {
namespace {

ExitCode run_pairs(const Arguments& arguments) {
  rewards::data::PairsOptions options;
  options.reward = arguments.value_or("reward", options.reward);
  options.choice = arguments.value_or("choice", options.choice);
  if (options.choice != "best_worst" && options.choice != "all")
    throw UsageError(cat("unknown choice ", base::printable(options.choice)), arguments.command(), "give best_worst or all");
  options.min_difference = arguments.number_or("min-difference", 0, 0, 1e300);
  options.max_per_prompt = static_cast<size_t>(arguments.integer_or("max-per-prompt", 0, 0, INT64_MAX));
  options.has_margin = !arguments.has("no-margin");
  options.seed = static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, INT64_MAX));
  const auto report = rewards::data::make_pairs(arguments.positionals(), *arguments.value("output"), options);
  if (const auto path = arguments.value("report")) base::write_file_atomic(*path, report.json().dump(2) + "\n");
  std::cout << report.text() << "wrote " << *arguments.value("output") << "\n";
  return ExitCode::done;
}

}  // namespace

Verb data_pairs_verb() {
  return {.name = "data pairs",
          .summary = "make pairs {prompt, chosen, rejected, margin} of scored completions, for DPO and reward models",
          .usage = {.positionals = {{"IN", "files of rows with prompt, completion and a score, e.g. a run's completions/step_N.jsonl", true, true}},
                    .options = {{.name = "output", .value = "OUT", .meaning = "the .jsonl file to write", .is_required = true},
                                {.name = "reward", .value = "COLUMN", .meaning = "of the score (default: reward)"},
                                {.name = "choice", .value = "NAME", .meaning = "best_worst: one pair a prompt (default); all: every two that differ"},
                                {.name = "min-difference", .value = "D", .meaning = "of the two scores (default: 0; equal ones are never a pair)"},
                                {.name = "max-per-prompt", .value = "N", .meaning = "pairs of one prompt, drawn at random (default: 0, no limit)"},
                                {.name = "no-margin", .meaning = "leave out the column margin, the difference of the scores"},
                                {.name = "seed", .value = "N", .meaning = "other seeds draw other pairs (default: 0)"},
                                {.name = "report", .value = "FILE", .meaning = "write the report as JSON, too"}},
                    .notes = "A row whose score is no number, as of a reward that failed, has none and is counted."},
          .run = run_pairs};
}

}  // namespace lockstep::cli
