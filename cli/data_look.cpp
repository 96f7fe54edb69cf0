// SPDX-License-Identifier: Apache-2.0
// `lockstep data stats | convert`: what is in files of rows, and the same rows in another shape.
#include <iostream>
#include <optional>

#include "base/text.h"
#include "cli/open_tokenizer.h"
#include "rewards/data/convert.h"
#include "rewards/data/stats.h"
#include "rl/token_stats.h"

namespace lockstep::cli {
namespace {

const Positional kInputs = {"IN", "files of rows: .jsonl, .json, .parquet, in any known shape", true, true};

std::optional<rl::TokenStats> tokens_of(const Arguments& arguments) {
  const auto path = arguments.value("model");
  for (const char* option : {"format", "system", "prefill", "max-length"}) {
    if (!path && arguments.has(option)) throw UsageError(cat("--", option, " needs --model"), arguments.command(), "give the model whose tokens count");
  }
  if (!path) return std::nullopt;
  const int64_t max_length = arguments.integer_or("max-length", 0, 1, INT32_MAX);
  return rl::token_stats(arguments.positionals(), *open_tokenizer(*path), prompt_format(arguments), max_length);
}

ExitCode run_stats(const Arguments& arguments) {
  rewards::data::StatsReport report = rewards::data::stats(arguments.positionals());
  const auto tokens = tokens_of(arguments);
  if (tokens) report.lengths.insert(tokens->lengths.begin(), tokens->lengths.end());
  if (!arguments.has("json")) {
    std::cout << report.text() << (tokens ? tokens->text() : "");
    return ExitCode::done;
  }
  base::Json json = report.json();
  if (tokens) json["tokens"] = tokens->json();
  std::cout << json.dump(2, ' ', false, base::Json::error_handler_t::replace) << "\n";
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
  std::vector<Option> options = {{.name = "json", .meaning = "print JSON"},
                                 {.name = "model", .value = "PATH", .meaning = "lengths in tokens, too: a model folder or a GGUF file"},
                                 {.name = "max-length", .value = "N", .meaning = "count rows of more tokens"}};
  for (const Option& option : format_options()) options.push_back(option);
  return {.name = "data stats",
          .summary = "count rows, columns, lengths, languages, repeats and classes",
          .usage = {.positionals = {kInputs}, .options = options},
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
