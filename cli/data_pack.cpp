// SPDX-License-Identifier: Apache-2.0
// `lockstep data pack`: rows of any shape as chunks of token ids.
#include <iostream>

#include "base/file.h"
#include "base/text.h"
#include "cli/open_tokenizer.h"
#include "rl/pack_files.h"

namespace lockstep::cli {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 20;  // of a chunk: its line stays within what a row may have

// The option's value, `fallback` or the other word.
bool is_other(const Arguments& arguments, const char* option, const std::string& fallback, const std::string& other) {
  const std::string value = arguments.value_or(option, fallback);
  if (value != fallback && value != other)
    throw UsageError(cat("unknown --", option, " ", base::printable(value)), arguments.command(), cat("use ", fallback, " or ", other));
  return value == other;
}

ExitCode run_pack(const Arguments& arguments) {
  rl::TextSource source;
  source.files = arguments.positionals();
  source.assistant_turns = is_other(arguments, "assistant-turns", "all", "last") ? "last" : "all";
  source.max_length = arguments.integer_or("max-length", 0, 2, kMostTokens);
  const bool drops_long = is_other(arguments, "long", "truncate", "drop");
  const auto format = prompt_format(arguments);
  const auto tokenizer = open_tokenizer(*arguments.value("model"));
  const std::string output = *arguments.value("output");
  const rl::PackReport report = rl::pack_files(source, *tokenizer, format, drops_long, output);
  if (const auto path = arguments.value("report")) base::write_file_atomic(*path, report.json().dump(2) + "\n");
  std::cout << report.text() << "wrote " << output << "\n";
  return ExitCode::done;
}

}  // namespace

Verb data_pack_verb() {
  std::vector<Option> options = {
      {.name = "model", .value = "PATH", .meaning = "whose tokenizer: a model folder or a GGUF file", .is_required = true},
      {.name = "max-length", .value = "N", .meaning = "tokens of a chunk at most", .is_required = true},
      {.name = "output", .value = "OUT", .meaning = "the .jsonl file to write", .is_required = true},
      {.name = "long", .value = "truncate|drop", .meaning = "sequences above N: the prompt keeps its end, the completion its beginning "
                                                            "(default), or none of them"},
      {.name = "assistant-turns", .value = "all|last", .meaning = "of a conversation, the answers to train on (default: all)"}};
  for (const Option& option : format_options()) options.push_back(option);
  options.push_back({.name = "report", .value = "FILE", .meaning = "write the report as JSON, too"});
  return {.name = "data pack",
          .summary = "tokenise rows and pack them into chunks of N tokens, Best-Fit Decreasing",
          .usage = {.positionals = {{"IN", "files of rows: .jsonl, .json, .parquet, in any known shape", true, true}},
                    .options = options,
                    .notes = "Writes {\"input_ids\", \"seq_lengths\", \"completion_mask\"}, as TRL's packed data sets have them; positions begin "
                             "again with each\nsequence. A stage of `lockstep train` reads such files (pretrain.data.files, sft.data.files), and "
                             "TRL with\nSFTConfig(completion_only_loss=True, padding_free=True)."},
          .run = run_pack};
}

}  // namespace lockstep::cli
