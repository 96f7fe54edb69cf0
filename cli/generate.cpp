// SPDX-License-Identifier: Apache-2.0
// `lockstep generate`: completions of a prompt, or of every row of a file.
#include <iostream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/open_policy.h"
#include "rewards/dataset.h"

namespace lockstep::cli {
namespace {

std::vector<model::Message> messages_of(const base::Json& prompt) {
  if (prompt.is_string()) return {{"user", prompt.get<std::string>()}};
  std::vector<model::Message> out;
  for (const auto& m : prompt) out.push_back({m.at("role").get<std::string>(), m.at("content").get<std::string>()});
  return out;
}

std::vector<base::Json> prompts_of(const Arguments& arguments) {
  if (arguments.has("prompt") == arguments.has("input"))
    throw UsageError("exactly one of --prompt and --input is needed", arguments.command(), "give a text, or a file of rows");
  if (const auto prompt = arguments.value("prompt")) return {base::Json{{"prompt", *prompt}}};
  const auto dataset = rewards::Dataset::load(*arguments.value("input"));
  std::vector<base::Json> rows;
  for (size_t i = 0; i < dataset.size(); ++i) rows.push_back(dataset.row(i));
  return rows;
}

base::Json to_json(const rollout::Completion& completion, const std::string& prefill, const model::Tokenizer& tokenizer) {
  return {{"completion", base::repair_utf8(prefill + tokenizer.decode(completion.ids, /*skip_special=*/true))},
          {"ids", completion.ids},
          {"logprobs", completion.logprobs},
          {"finish_reason", rollout::finish_reason_name(completion.finish)}};
}

ExitCode run_generate(const Arguments& arguments) {
  const auto prompt = prompt_config(arguments);
  const auto rows = prompts_of(arguments);
  const auto sampling = sampling_config(arguments);
  const int samples = static_cast<int>(arguments.integer_or("samples", 1, 1, 65536));
  OpenPolicy open(policy_config(arguments));  // after what can be wrong on the command line
  const auto& tokenizer = *open.policy.tokenizer;
  const auto stop = model::stop_ids(tokenizer, prompt.to_format());
  std::vector<rollout::Request> requests;
  for (size_t i = 0; i < rows.size(); ++i)
    requests.push_back({i, model::prompt_ids(tokenizer, prompt.to_format(), messages_of(rows[i].at("prompt"))), samples, stop});
  const auto groups = open.engine.generate(requests, sampling, seed_of(arguments));
  for (size_t i = 0; i < groups.size(); ++i)
    for (const auto& completion : groups[i].completions) {
      auto row = to_json(completion, prompt.prefill, tokenizer);
      if (arguments.has("json")) {
        base::Json out = {{"prompt", rows[i].at("prompt")}};
        out.update(row);
        std::cout << out.dump() << "\n";
      } else {
        std::cout << row.at("completion").get<std::string>() << "\n";
      }
    }
  return ExitCode::done;
}

}  // namespace

Verb generate_verb() {
  auto options = policy_options();
  for (const auto& option : sampling_options()) options.push_back(option);
  options.push_back({.name = "prompt", .value = "TEXT", .meaning = "one prompt"});
  options.push_back({.name = "input", .value = "FILE", .meaning = "rows with \"prompt\" (text or messages)"});
  options.push_back({.name = "samples", .value = "G", .meaning = "completions per prompt (default 1)"});
  options.push_back({.name = "json", .meaning = "print rows with ids, log-probabilities and finish reason"});
  return {.name = "generate",
          .summary = "sample completions with the rollout engine",
          .usage = {.options = options},
          .run = run_generate};
}

}  // namespace lockstep::cli
