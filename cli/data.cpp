// SPDX-License-Identifier: Apache-2.0
// `lockstep data make | tasks | corpus`: data sets that Lockstep generates itself, as JSON lines.
#include <iostream>
#include <limits>

#include "base/config.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "rewards/tasks/corpus.h"
#include "rewards/tasks/task.h"

namespace lockstep::cli {
namespace {

using base::Json;

constexpr int64_t kMaxRows = 10'000'000;

Option count_option() { return {.name = "count", .value = "N", .meaning = "rows to write", .is_required = true}; }
Option out_option() {
  return {.name = "out", .value = "FILE", .meaning = "the .jsonl file to write", .is_required = true};
}
Option seed_option() { return {.name = "seed", .value = "N", .meaning = "other seeds give other rows (default: 0)"}; }
Option set_option() {
  return {.name = "set", .value = "NAME=VALUE", .meaning = "change one parameter", .is_repeatable = true};
}

uint64_t count_of(const Arguments& arguments) {
  return static_cast<uint64_t>(arguments.integer_or("count", 0, 1, kMaxRows));
}

uint64_t seed_of(const Arguments& arguments) {
  return static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, std::numeric_limits<int64_t>::max()));
}

Json parameters_of(const Arguments& arguments) {
  Json parameters = Json::object();
  for (const std::string& assignment : arguments.values("set")) base::apply_set(parameters, assignment);
  return parameters;
}

ExitCode run_make(const Arguments& arguments) {
  const rewards::Task task(arguments.positional(0), parameters_of(arguments));
  const rewards::Split split = rewards::split_from_name(arguments.value_or("split", "train"));
  const std::string out = *arguments.value("out");
  rewards::write_task_jsonl(out, task, seed_of(arguments), split, count_of(arguments));
  std::cout << "wrote " << count_of(arguments) << " rows of " << task.name() << " (" << rewards::split_name(split)
            << ") to " << out << "\n";
  return ExitCode::done;
}

ExitCode run_tasks(const Arguments&) {
  std::cout << rewards::task_reference();
  return ExitCode::done;
}

ExitCode run_corpus(const Arguments& arguments) {
  rewards::CorpusOptions options;
  base::load(parameters_of(arguments), options, "--set");
  const std::string out = *arguments.value("out");
  std::string lines;
  for (uint64_t index = 0; index < count_of(arguments); ++index) {
    lines += Json{{"text", rewards::corpus_document(options, seed_of(arguments), index)}}.dump() + "\n";
  }
  base::write_file_atomic(out, lines);
  std::cout << "wrote " << count_of(arguments) << " documents of mix " << options.mix << " to " << out << "\n";
  return ExitCode::done;
}

}  // namespace

Verb data_make_verb() {
  return {
      .name = "data make",
      .summary = "write rows of a verifiable task (prompt, answer) as JSON lines",
      .usage = {.positionals = {{"TASK", "a task's name; `lockstep data tasks` lists them"}},
                .options = {out_option(),
                            count_option(),
                            {.name = "split", .value = "NAME", .meaning = "train or eval, disjoint (default: train)"},
                            seed_option(),
                            set_option()},
                .notes = "The same arguments write the same bytes on every machine."},
      .run = run_make};
}

Verb data_tasks_verb() {
  return {.name = "data tasks",
          .summary = "list the verifiable tasks with their parameters",
          .usage = {},
          .run = run_tasks};
}

Verb data_corpus_verb() {
  return {.name = "data corpus",
          .summary = "write documents of the synthetic pre-training corpus as JSON lines",
          .usage = {.options = {out_option(), count_option(), seed_option(), set_option()},
                    .notes = "Parameters for --set:\n" + base::reference<rewards::CorpusOptions>()},
          .run = run_corpus};
}

}  // namespace lockstep::cli
