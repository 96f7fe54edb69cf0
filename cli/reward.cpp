// SPDX-License-Identifier: Apache-2.0
// `lockstep reward list | test | probe | new`: rewards without any model. What they do is in rewards/tools.
#include <iostream>

#include "base/file.h"
#include "base/text.h"
#include "cli/verb.h"
#include "rewards/combined.h"
#include "rewards/plugins/library_host.h"
#include "rewards/registry.h"
#include "rewards/tools/probe.h"
#include "rewards/tools/score_file.h"
#include "rewards/tools/skeleton.h"
#include "rewards/tools/spec.h"
#include "rl/reward_model_reward.h"

namespace lockstep::cli {
namespace {

const Positional kSpec = {"SPEC",
                          "a reward's type, a plugin (my.py:function, libmine.so, http://...), or a JSON file: a reward, a "
                          "list of rewards, a run config"};
const Option kSeed = {.name = "seed", .value = "N", .meaning = "the run seed that `random` sees (default: 0)"};

rewards::Combined load(const Arguments& arguments) {
  const auto seed = static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, INT64_MAX));
  const rewards::tools::Spec spec = rewards::tools::load_spec(arguments.positional(0));
  return {spec.configs, seed, spec.where, {rl::reward_model_type(nullptr)}};
}

ExitCode run_test(const Arguments& arguments) {
  rewards::tools::score_file(load(arguments), *arguments.value("data"), arguments.has("json"), std::cout, std::cerr);
  return ExitCode::done;
}

std::vector<rewards::tools::SampleRow> probe_rows(const Arguments& arguments) {
  const auto data = arguments.value("data");
  if (!data) return {rewards::tools::default_probe_row()};
  const auto count = static_cast<size_t>(arguments.integer_or("rows", 4, 1, 1000));
  std::vector<rewards::tools::SampleRow> rows;
  base::for_each_line(*data, [&](std::string_view line, size_t number) {
    if (rows.size() == count || base::trim(line).empty()) return;
    const std::string where = cat(*data, ":", number);
    base::Json row = base::parse_json(line, where);
    if (row.is_object() && !row.contains("completion") && !row.contains("pred")) row["completion"] = "";
    rows.push_back(rewards::tools::read_sample_row(std::move(row), where));
  });
  if (rows.empty()) throw Error("the file has no rows", *data, "write one JSON object a line");
  return rows;
}

ExitCode run_probe(const Arguments& arguments) {
  const rewards::tools::ProbeReport report = rewards::tools::probe(load(arguments), probe_rows(arguments));
  rewards::tools::print_report(report, arguments.has("json"), std::cout);
  return report.num_findings == 0 ? ExitCode::done : ExitCode::failed;
}

ExitCode run_new(const Arguments& arguments) {
  const std::string& name = arguments.positional(0);
  for (const std::string& file : rewards::tools::write_skeleton(".", name, *arguments.value("lang"))) {
    std::cout << "wrote " << file << "\n";
  }
  const bool is_cpp = *arguments.value("lang") == "cpp";
  std::cout << "next: " << (is_cpp ? cat("sh ", name, "/build.sh") : cat("python3 ", name, "/", name, "_test.py"))
            << " && lockstep reward test " << name << "/reward.json --data " << name << "/samples.jsonl\n";
  return ExitCode::done;
}

ExitCode run_list(const Arguments&) {
  std::cout << rewards::reward_reference({rl::reward_model_type(nullptr)});
  return ExitCode::done;
}

ExitCode run_host(const Arguments& arguments) {
  return rewards::plugins::serve_library(arguments.positional(0)) == 0 ? ExitCode::done : ExitCode::failed;
}

}  // namespace

Verb reward_list_verb() {
  return {.name = "reward list", .summary = "list the rewards with their options", .usage = {}, .run = run_list};
}

Verb reward_test_verb() {
  return {.name = "reward test",
          .summary = "score a file of samples without a model",
          .usage = {.positionals = {kSpec},
                    .options = {{.name = "data",
                                 .value = "FILE",
                                 .meaning = "JSON lines with completion, prompt and the columns that the reward reads, or with "
                                            "pred and gold",
                                 .is_required = true},
                                {.name = "json", .meaning = "print one JSON object a row; the summary goes to standard error"},
                                kSeed}},
          .run = run_test};
}

Verb reward_probe_verb() {
  return {.name = "reward probe",
          .summary = "look for texts that a reward pays for and should not",
          .usage = {.positionals = {kSpec},
                    .options = {{.name = "data", .value = "FILE", .meaning = "rows with prompt and answer to try (default: a sum)"},
                                {.name = "rows", .value = "N", .meaning = "of the file, from its start (default: 4)"},
                                {.name = "json", .meaning = "print one JSON object a text"},
                                kSeed},
                    .notes = "Exit code 1 when something pays more than a wrong answer in the right form, fails, changes or is slow."},
          .run = run_probe};
}

Verb reward_new_verb() {
  return {.name = "reward new",
          .summary = "write a folder with a new reward and its test",
          .usage = {.positionals = {{"NAME", "of the reward, its function and its folder"}},
                    .options = {{.name = "lang", .value = "cpp|python", .meaning = "the language", .is_required = true}}},
          .run = run_new};
}

Verb reward_host_verb() {
  return {.name = "reward host",
          .summary = "the process around a reward in a shared library; Lockstep starts it itself",
          .usage = {.positionals = {{"SETTINGS", "JSON"}}},
          .run = run_host};
}

}  // namespace lockstep::cli
