// SPDX-License-Identifier: Apache-2.0
// `lockstep data dedup | decontaminate | filter`: fewer rows than before, and a report of what went.
#include <iostream>

#include "base/config.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "cli/verb.h"
#include "rewards/data/decontaminate.h"
#include "rewards/data/dedup.h"
#include "rewards/data/filter.h"

namespace lockstep::cli {
namespace {

using base::Json;

const Positional kInputs = {"IN", "files of rows: .jsonl, .json, .parquet, in any known shape", true, true};
const Option kOutput = {.name = "output", .value = "OUT", .meaning = "the .jsonl file to write", .is_required = true};
const Option kReport = {.name = "report", .value = "FILE", .meaning = "write the report as JSON, too"};
const Option kThreads = {.name = "threads", .value = "N", .meaning = "default: the processors of this process"};
constexpr const char* kFields = "Fields: prompt (without the system's turn), completion, all (both), or the name of a column.";

int threads_of(const Arguments& arguments) {
  return static_cast<int>(arguments.integer_or("threads", base::default_num_threads(), 1, 1024));
}

template <class Report>
ExitCode finish(const Arguments& arguments, const Report& report) {
  if (const auto path = arguments.value("report")) base::write_file_atomic(*path, report.json().dump(2) + "\n");
  std::cout << report.text() << "wrote " << *arguments.value("output") << "\n";
  return ExitCode::done;
}

ExitCode run_dedup(const Arguments& arguments) {
  if (arguments.has("exact") && arguments.has("minhash")) {
    throw UsageError("--exact and --minhash exclude each other", arguments.command(), "give one of them");
  }
  rewards::data::DedupOptions options{.field = arguments.value_or("field", "prompt")};
  options.clusters.is_exact = arguments.has("exact");
  options.clusters.threshold = arguments.number_or("threshold", options.clusters.threshold, 0.01, 1);
  options.clusters.ngram = static_cast<size_t>(arguments.integer_or("ngram", 5, 1, 1000));
  options.clusters.num_permutations = static_cast<size_t>(arguments.integer_or("permutations", 128, 1, 4096));
  options.clusters.num_threads = threads_of(arguments);
  return finish(arguments, rewards::data::dedup(arguments.positionals(), *arguments.value("output"), options));
}

ExitCode run_decontaminate(const Arguments& arguments) {
  rewards::data::DecontaminateOptions options;
  options.ngram = static_cast<size_t>(arguments.integer_or("ngram", 10, 1, 1000));
  options.max_eval_rows = static_cast<size_t>(arguments.integer_or("max-eval-rows", 0, 0, INT64_MAX));
  if (arguments.has("field")) options.fields = arguments.values("field");
  if (arguments.has("eval-field")) options.eval_fields = arguments.values("eval-field");
  const auto& against = arguments.values("against");
  return finish(arguments, rewards::data::decontaminate(arguments.positionals(), against, *arguments.value("output"), options));
}

ExitCode run_filter(const Arguments& arguments) {
  const auto path = arguments.value("rules");
  Json json = path ? base::parse_json_file(*path, {.comments = true}) : Json::object();
  for (const std::string& assignment : arguments.values("set")) base::apply_set(json, assignment);
  rewards::data::FilterConfig config;
  base::load(json, config, path.value_or("--set"));
  return finish(arguments, rewards::data::filter(arguments.positionals(), *arguments.value("output"), config, threads_of(arguments)));
}

}  // namespace

Verb data_dedup_verb() {
  return {.name = "data dedup",
          .summary = "drop rows whose text an earlier row has, exactly or nearly",
          .usage = {.positionals = {kInputs},
                    .options = {kOutput,
                                {.name = "field", .value = "NAME", .meaning = "the text that counts (default: prompt)"},
                                {.name = "exact", .meaning = "equal texts only: case, white space and Unicode form aside"},
                                {.name = "minhash", .meaning = "near ones too, by MinHash-LSH (default)"},
                                {.name = "threshold", .value = "J", .meaning = "Jaccard similarity from which texts are near (default: 0.8)"},
                                {.name = "ngram", .value = "N", .meaning = "words of an n-gram (default: 5)"},
                                {.name = "permutations", .value = "N", .meaning = "places of a signature (default: 128)"},
                                kThreads,
                                kReport},
                    .notes = cat(kFields, "\nThe first row of each cluster stays. Near pairs are verified by their true similarity.")},
          .run = run_dedup};
}

Verb data_decontaminate_verb() {
  return {.name = "data decontaminate",
          .summary = "drop rows that share an n-gram of words with an evaluation set",
          .usage = {.positionals = {kInputs},
                    .options = {{.name = "against", .value = "EVAL", .meaning = "a file of evaluation rows", .is_required = true, .is_repeatable = true},
                                kOutput,
                                {.name = "ngram", .value = "N", .meaning = "words (default: 10); shorter evaluation texts of 3 words and more "
                                                                           "must occur as a whole"},
                                {.name = "field", .value = "NAME", .meaning = "of the rows (default: all)", .is_repeatable = true},
                                {.name = "eval-field", .value = "NAME", .meaning = "of the evaluation rows (default: prompt)", .is_repeatable = true},
                                {.name = "max-eval-rows", .value = "N", .meaning = "n-grams of more evaluation rows are a template and do not count "
                                                                                   "(default: 0, all count)"},
                                kReport},
                    .notes = kFields},
          .run = run_decontaminate};
}

Verb data_filter_verb() {
  return {.name = "data filter",
          .summary = "keep the completions that the rules accept: correct, readable, one language",
          .usage = {.positionals = {kInputs},
                    .options = {kOutput,
                                {.name = "rules", .value = "FILE", .meaning = "the rules as JSON; `lockstep config filter` documents them"},
                                {.name = "set", .value = "NAME=VALUE", .meaning = "one rule, over those of the file", .is_repeatable = true},
                                kThreads,
                                kReport}},
          .run = run_filter};
}

}  // namespace lockstep::cli
