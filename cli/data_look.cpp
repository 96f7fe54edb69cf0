// SPDX-License-Identifier: Apache-2.0
// `lockstep data stats | convert`: what is in files of rows, and the same rows in another shape.
#include <iostream>

#include "base/text.h"
#include "cli/verb.h"
#include "rewards/data/convert.h"
#include "rewards/data/stats.h"

namespace lockstep::cli {
namespace {

const Positional kInputs = {"IN", "files of rows: .jsonl, .json, .parquet, in any known shape", true, true};

ExitCode run_stats(const Arguments& arguments) {
  const rewards::data::StatsReport report = rewards::data::stats(arguments.positionals());
  std::cout << (arguments.has("json") ? report.json().dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n" : report.text());
  return ExitCode::done;
}

ExitCode run_convert(const Arguments& arguments) {
  if (const std::string format = arguments.value_or("to", "jsonl"); format != "jsonl") {
    throw UsageError(cat("unknown format ", base::printable(format)), arguments.command(), "give jsonl: Parquet is read, not written");
  }
  const std::string name = *arguments.value("shape");
  const auto shape = rewards::rows::shape_from_name(name);
  if (!shape) {
    throw UsageError(cat("unknown shape ", base::printable(name)), arguments.command(), "give trl, verl, alpaca, sharegpt or messages");
  }
  const rewards::data::ConvertReport report =
      rewards::data::convert(arguments.positionals(), *arguments.value("output"), *shape);
  std::vector<std::string> shapes;
  for (const auto& [read, count] : report.shapes) shapes.push_back(cat(count, " ", read));
  std::cout << "read " << base::join(shapes, ", ") << "; wrote " << report.num_rows << " " << name << " rows to "
            << *arguments.value("output") << "\n";
  return ExitCode::done;
}

}  // namespace

Verb data_stats_verb() {
  return {.name = "data stats",
          .summary = "count rows, columns, lengths, languages, repeats and classes",
          .usage = {.positionals = {kInputs}, .options = {{.name = "json", .meaning = "print JSON"}}},
          .run = run_stats};
}

Verb data_convert_verb() {
  return {.name = "data convert",
          .summary = "write rows of any known shape, JSON lines or Parquet, as JSON lines of one shape",
          .usage = {.positionals = {kInputs},
                    .options = {{.name = "shape", .value = "SHAPE", .meaning = "trl, verl, alpaca, sharegpt or messages", .is_required = true},
                                {.name = "to", .value = "FORMAT", .meaning = "jsonl (default)"},
                                {.name = "output", .value = "OUT", .meaning = "the .jsonl file to write", .is_required = true}},
                    .notes = "Columns that no shape knows are kept."},
          .run = run_convert};
}

}  // namespace lockstep::cli
