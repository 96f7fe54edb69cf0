// SPDX-License-Identifier: Apache-2.0
// `lockstep check parity`: does a model's sampler give the log-probabilities that the learner computes, bit for bit?
#include <ATen/Parallel.h>

#include <iostream>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "cli/open_policy.h"
#include "kernels/backend.h"
#include "kernels/cpu/isa.h"
#include "rl/parity.h"

namespace lockstep::cli {
namespace {

using model::TokenId;

constexpr const char* kRowForms = "write rows like {\"text\": \"...\"}, {\"prompt\": \"...\"} or {\"ids\": [1, 2, 3]}";

std::vector<TokenId> ids_of(const base::Json& row, const model::OpenModel& files, const std::string& where) {
  if (row.is_object() && row.contains("ids") && row["ids"].is_array()) {
    std::vector<TokenId> ids;
    for (const auto& id : row["ids"]) {
      if (!id.is_number_integer()) throw Error(cat("not a token id: ", id.dump()), where, kRowForms);
      ids.push_back(id.get<TokenId>());
    }
    return ids;
  }
  for (const char* key : {"text", "prompt"})
    if (row.is_object() && row.contains(key) && row[key].is_string()) {
      if (!files.tokenizer) throw Error("the model has no tokenizer for the row's text", where, "give rows with \"ids\"");
      return files.tokenizer->encode(row[key].get<std::string>());
    }
  throw Error("the row has neither text nor ids", where, kRowForms);
}

std::vector<rollout::Request> requests_of(const Arguments& arguments, const model::OpenModel& files, uint64_t seed) {
  const int samples = static_cast<int>(arguments.integer_or("samples", 8, 1, 65536));
  std::vector<rollout::Request> requests;
  if (const auto file = arguments.value("prompts")) {
    base::for_each_line(*file, [&](std::string_view line, size_t number) {
      const std::string where = cat(*file, ":", number);
      requests.push_back({requests.size(), ids_of(base::parse_json(line, where), files, where), samples, {}});
    });
    return requests;
  }
  const int64_t count = arguments.integer_or("count", 16, 1, 1 << 20);
  const int64_t longest = arguments.integer_or("prompt-tokens", 32, 1, 1 << 20);
  base::Random random(seed, "parity prompts");
  for (int64_t i = 0; i < count; ++i) {
    std::vector<TokenId> ids(static_cast<size_t>(random.between(1, longest)));
    for (auto& id : ids) id = static_cast<TokenId>(random.between(0, files.config.vocab_size - 1));
    requests.push_back({static_cast<uint64_t>(i), std::move(ids), samples, {}});
  }
  return requests;
}

ExitCode run_check_parity(const Arguments& arguments) {
  at::set_num_threads(1);  // lanes are the parallelism
  auto config = policy_config(arguments);
  config.engine.record_routing = true;
  config.engine.draft = choice_or(arguments, "draft", "auto", {"auto", "mtp", "lookup", "none"});
  auto sampling = sampling_config(arguments);
  const uint64_t seed = seed_of(arguments);
  const auto files = model::open_model(config.model.path);
  const auto requests = requests_of(arguments, files, seed);
  const auto m = model::load_transformer(files, rl::transformer_options(config));
  base::ThreadPool pool(base::default_num_threads());
  rollout::LocalEngine engine(m, files.tokenizer.get(), config.engine, pool);
  const auto report = rl::check_parity(m, engine, requests, sampling, seed, arguments.integer_or("micro-batch", 2048, 1, 1 << 24));
  const bool is_native = kernels::is_native(m.options().device);
  base::Json out = {{"tokens", report.num_tokens}, {"different_tokens", report.num_different},
                    {"max_difference", report.max_difference},
                    {"routed_experts", report.num_experts}, {"different_experts", report.num_different_experts},
                    {"draft", config.engine.draft}, {"draft_tokens", engine.stats().draft_tokens},
                    {"accepted_tokens", engine.stats().accepted_tokens},
                    {"kernels", is_native ? "native" : "portable"},
                    {"isa", is_native ? std::string(kernels::cpu::isa_name(kernels::cpu::isa())) : ""}};
  std::cout << out.dump(2) << "\n";
  if (report.num_different == 0 && report.num_different_experts == 0) return ExitCode::done;
  std::cerr << "first difference: " << report.first_difference << "\n";
  if (!is_native) std::cerr << "portable kernels do not promise equal bits; --kernels auto on the CPU does\n";
  return ExitCode::failed;
}

}  // namespace

Verb check_parity_verb() {
  auto options = policy_options();
  for (const auto& option : sampling_options())
    if (option.name != "format" && option.name != "system" && option.name != "prefill") options.push_back(option);
  options.push_back({.name = "prompts", .value = "FILE", .meaning = "rows of text or ids (default: random ids)"});
  options.push_back({.name = "count", .value = "N", .meaning = "random prompts (default 16)"});
  options.push_back({.name = "prompt-tokens", .value = "N", .meaning = "tokens of the longest random prompt (default 32)"});
  options.push_back({.name = "samples", .value = "G", .meaning = "completions per prompt (default 8)"});
  options.push_back({.name = "draft", .value = "KIND", .meaning = "auto, mtp, lookup or none (default auto)"});
  options.push_back({.name = "micro-batch", .value = "N", .meaning = "tokens that the learner works on at once (default 2048)"});
  return {.name = "check parity",
          .summary = "compare the sampler's log-probabilities with the learner's, bit by bit",
          .usage = {.options = options, .notes = "Exits with 0 only if no token's log-probability and no token's expert differs.\n"},
          .run = run_check_parity};
}

}  // namespace lockstep::cli
