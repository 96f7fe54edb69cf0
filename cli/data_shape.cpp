// SPDX-License-Identifier: Apache-2.0
// `lockstep data rewrite | mix`: from sampled rows to the rows of the next stage.
#include <iostream>

#include "base/config.h"
#include "base/file.h"
#include "cli/verb.h"
#include "rewards/data/mix.h"
#include "rewards/data/rewrite.h"

namespace lockstep::cli {
namespace {

using base::Json;

const Option kOutput = {.name = "output", .value = "OUT", .meaning = "the .jsonl file to write", .is_required = true};
const Option kReport = {.name = "report", .value = "FILE", .meaning = "write the report as JSON, too"};
const Option kSet = {.name = "set", .value = "NAME=VALUE", .meaning = "one field, over those of the file", .is_repeatable = true};

template <class Config>
Config config_of(const Arguments& arguments) {
  const auto path = arguments.value("rules");
  Json json = path ? base::parse_json_file(*path, {.comments = true}) : Json::object();
  for (const std::string& assignment : arguments.values("set")) base::apply_set(json, assignment);
  Config config;
  base::load(json, config, path.value_or("--set"));
  return config;
}

template <class Report>
ExitCode finish(const Arguments& arguments, const Report& report) {
  if (const auto path = arguments.value("report")) base::write_file_atomic(*path, report.json().dump(2) + "\n");
  std::cout << report.text() << "wrote " << *arguments.value("output") << "\n";
  return ExitCode::done;
}

ExitCode run_rewrite(const Arguments& arguments) {
  const auto config = config_of<rewards::data::RewriteConfig>(arguments);
  return finish(arguments, rewards::data::rewrite(arguments.positionals(), *arguments.value("output"), config));
}

ExitCode run_mix(const Arguments& arguments) {
  auto config = config_of<rewards::data::MixConfig>(arguments);
  for (const std::string& path : arguments.positionals()) {
    rewards::data::MixInput input;
    input.path = path;
    config.inputs.push_back(std::move(input));
  }
  return finish(arguments, rewards::data::mix(config, *arguments.value("output")));
}

}  // namespace

Verb data_rewrite_verb() {
  return {.name = "data rewrite",
          .summary = "turn sampled completions into the pattern of cold-start data, by rules or with a model",
          .usage = {.positionals = {{"IN", "files of rows with completions: .jsonl, .json, .parquet, in any known shape", true, true}},
                    .options = {kOutput,
                                {.name = "rules", .value = "FILE", .meaning = "the fields as JSON; `lockstep config rewrite` documents them"},
                                kSet,
                                kReport},
                    .notes = "Rows keep their order, their shape and their other columns."},
          .run = run_rewrite};
}

Verb data_mix_verb() {
  return {.name = "data mix",
          .summary = "join files of rows in exact numbers and a keyed order",
          .usage = {.positionals = {{"IN", "files of rows that take part whole and once", false, true}},
                    .options = {kOutput,
                                {.name = "rules", .value = "FILE", .meaning = "inputs and their numbers as JSON; `lockstep config mix` documents them"},
                                kSet,
                                kReport},
                    .notes = "The same files and seed write the same bytes on every machine."},
          .run = run_mix};
}

}  // namespace lockstep::cli
