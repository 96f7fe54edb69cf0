// SPDX-License-Identifier: Apache-2.0
// `lockstep eval compare`: two models on the same prompts, from the samples that `lockstep eval --samples-out` wrote.
#include "rewards/evaluation/compare.h"

#include "base/text.h"
#include "cli/eval_output.h"
#include "cli/text_table.h"

namespace lockstep::cli {
namespace {

namespace evaluation = rewards::evaluation;

std::string table(const Arguments& arguments, const evaluation::Comparison& c) {
  const auto text = [](const evaluation::Estimate& e) { return estimate_text(e.value, e.interval); };
  std::string out = text_table({{"", "pass@1 [95 %]"},
                                {cat("A ", base::printable(arguments.positional(0))), text(c.a)},
                                {cat("B ", base::printable(arguments.positional(1))), text(c.b)},
                                {"B - A", text(c.difference)}});
  out += cat("\n", c.num_prompts, " prompts: B is better on ", c.wins, ", worse on ", c.losses, ", equal on ", c.ties);
  if (c.num_only_a + c.num_only_b > 0) out += cat("; left out as only in A ", c.num_only_a, ", only in B ", c.num_only_b);
  out += cat("\nthe interval of the difference ", c.is_significant() ? "leaves out 0\n" : "does not leave out 0\n");
  return out;
}

ExitCode run_compare(const Arguments& arguments) {
  const evaluation::BootstrapConfig config{.num_resamples = static_cast<int>(arguments.integer_or("resamples", 1000, 1, 1 << 20)),
                                           .key = static_cast<uint64_t>(arguments.integer_or("seed", 0, 0, int64_t{1} << 62))};
  const auto a = evaluation::read_sample_file(arguments.positional(0)), b = evaluation::read_sample_file(arguments.positional(1));
  const auto comparison = evaluation::compare(a, b, config);
  put_eval(arguments, comparison.to_json(), [&] { return table(arguments, comparison); });
  return ExitCode::done;
}

}  // namespace

Verb eval_compare_verb() {
  std::vector<Option> options = {{.name = "resamples", .value = "N", .meaning = "of the prompts, for the 95 % intervals (default 1000)"},
                                 {.name = "seed", .value = "N", .meaning = "keys the resamples (default 0)"}};
  for (const auto& option : eval_output_options()) options.push_back(option);
  return {.name = "eval compare",
          .summary = "difference of two models' pass@1 on the same prompts, with a paired bootstrap interval",
          .usage = {.positionals = {{"A", "samples of the one, from `lockstep eval --samples-out`"}, {"B", "samples of the other"}},
                    .options = options},
          .run = run_compare};
}

}  // namespace lockstep::cli
