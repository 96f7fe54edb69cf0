// SPDX-License-Identifier: Apache-2.0
// `lockstep eval needle`: a pass key at several depths of prompts of several lengths, with one or more rope scalings.
#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/eval_output.h"
#include "cli/needle_heat.h"
#include "cli/open_policy.h"

namespace lockstep::cli {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 24;

// A list of numbers, "512,1024".
std::vector<double> numbers_of(const Arguments& arguments, const std::string& name, const std::string& fallback, double low, double high) {
  const std::string text = arguments.value_or(name, fallback);
  std::vector<double> out;
  for (const auto& word : base::split(text, ',')) {
    const auto json = base::Json::parse(word, nullptr, /*allow_exceptions=*/false);
    const double number = json.is_number() ? json.get<double>() : low - 1;
    if (!(number >= low && number <= high))
      throw UsageError(cat("--", name, " ", base::printable(text)), arguments.command(),
                       cat("give numbers from ", low, " to ", static_cast<int64_t>(high), " with commas between them"));
    out.push_back(number);
  }
  return out;
}

rl::NeedleOptions options_of(const Arguments& arguments) {
  rl::NeedleOptions options;
  for (const double length : numbers_of(arguments, "lengths", "512,1024,2048,4096", 16, static_cast<double>(kMostTokens)))
    options.lengths.push_back(static_cast<int64_t>(length));
  options.depths = numbers_of(arguments, "depths", "0,0.25,0.5,0.75,1", 0, 1);
  options.num_trials = static_cast<int>(arguments.integer_or("trials", 10, 1, 100'000));
  options.digits = arguments.integer_or("digits", 5, 2, 18);
  options.is_dialogue = choice_or(arguments, "style", "question", {"question", "dialogue"}) == "dialogue";
  options.format = {arguments.value_or("format", "raw"), arguments.value_or("system", ""), arguments.value_or("prefill", "")};
  options.seed = seed_of(arguments);
  return options;
}

struct Scaling {
  std::string name;
  base::Json json;  // empty: the model's own
};

std::vector<Scaling> scalings_of(const Arguments& arguments) {
  std::vector<Scaling> out;
  for (const auto& text : arguments.values("rope-scaling")) {
    if (text == "model") out.push_back({text, base::Json::object()});
    else if (text == "none") out.push_back({text, {{"rope_type", "default"}}});
    else out.push_back({text, base::parse_json(text, "--rope-scaling")});
    if (!out.back().json.is_object())
      throw UsageError(cat("--rope-scaling is no object: ", base::printable(text)), arguments.command(),
                       "give model, none, or {\"rope_type\": \"yarn\", \"factor\": 4}");
  }
  if (out.empty()) out.push_back({"model", base::Json::object()});
  return out;
}

base::Json to_json(const Arguments& arguments, const rl::NeedleOptions& options, const std::vector<NamedGrid>& grids) {
  base::Json out = {{"model", *arguments.value("model")}, {"num_trials", options.num_trials}, {"digits", options.digits},
                    {"lengths", options.lengths},         {"depths", options.depths},         {"runs", base::Json::array()}};
  for (const auto& [name, grid] : grids)
    out["runs"].push_back({{"rope_scaling", name},
                           {"score", grid.score},
                           {"by_length", grid.by_length()},
                           {"mean", grid.mean()},
                           {"prompt_tokens", grid.prompt_tokens}});
  return out;
}

ExitCode run_needle(const Arguments& arguments) {
  const auto options = options_of(arguments);
  std::vector<NamedGrid> grids;
  for (const auto& [name, scaling] : scalings_of(arguments)) {
    auto config = policy_config(arguments);
    config.model.rope_scaling = scaling;
    // Beyond the trained length is what this is about.
    config.model.max_position_embeddings = *std::max_element(options.lengths.begin(), options.lengths.end()) + 1;
    OpenPolicy open(config);
    grids.push_back({name, rl::run_needle(open.engine, *open.policy.tokenizer, options)});
  }
  if (const auto file = arguments.value("svg")) base::write_file_atomic(*file, heat_svg(grids, options));
  put_eval(arguments, to_json(arguments, options, grids), [&] {
    std::string text;
    for (const auto& grid : grids) text += cat(text.empty() ? "" : "\n", heat_text(grid, options));
    return text;
  });
  return ExitCode::done;
}

}  // namespace

Verb eval_needle_verb() {
  auto options = policy_options();
  for (const Option& option : std::vector<Option>{
           {.name = "lengths", .value = "LIST", .meaning = "tokens of prompt and answer (default 512,1024,2048,4096)"},
           {.name = "depths", .value = "LIST", .meaning = "share of the filler before the needle (default 0,0.25,0.5,0.75,1)"},
           {.name = "trials", .value = "N", .meaning = "prompts of a cell (default 10)"},
           {.name = "digits", .value = "N", .meaning = "of the pass key (default 5)"},
           {.name = "style", .value = "question|dialogue", .meaning = "plain English, or the terse form of the tiny runs (default question)"},
           {.name = "rope-scaling", .value = "JSON|none|model",
            .meaning = "in place of the model's, e.g. {\"rope_type\":\"yarn\",\"factor\":4}; repeated: one table each (default model)", .is_repeatable = true},
           {.name = "format", .value = "NAME", .meaning = "prompt format: raw, r1_zero, chatml, llama3, deepseek_r1 (default raw)"},
           {.name = "system", .value = "TEXT", .meaning = "system message"},
           {.name = "prefill", .value = "TEXT", .meaning = "text that every answer begins with, e.g. \"The pass key is\""},
           {.name = "seed", .value = "N", .meaning = "keys filler and pass keys (default 0)"},
           {.name = "svg", .value = "FILE", .meaning = "draw the tables"}})
    options.push_back(option);
  for (const auto& option : eval_output_options()) options.push_back(option);
  return {.name = "eval needle",
          .summary = "needle in a haystack: a pass key by depth and length, greedy, with and without rope scaling",
          .usage = {.options = options,
                    .notes = "An answer is right when its first number is the key. The original context of a scaling is the model's trained one unless\n"
                             "it says otherwise; lengths beyond it are allowed here.\n"},
          .run = run_needle};
}

}  // namespace lockstep::cli
