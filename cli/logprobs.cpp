// SPDX-License-Identifier: Apache-2.0
// `lockstep logprobs`: log-probabilities of every next token of given ids, through the learner's forward pass.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <iostream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/open_policy.h"
#include "kernels/token_logprobs.h"

namespace lockstep::cli {
namespace {

std::vector<model::TokenId> ids_of(const base::Json& row, int64_t vocab_size, const std::string& where) {
  if (!row.is_object() || !row.contains("ids") || !row["ids"].is_array())
    throw Error("the row has no list under \"ids\"", where, "write rows like {\"ids\": [1, 2, 3]}");
  std::vector<model::TokenId> ids;
  for (const auto& id : row["ids"]) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= vocab_size)
      throw Error(cat("not a token id: ", id.dump()), where, cat("use integers from 0 to ", vocab_size - 1));
    ids.push_back(id.get<model::TokenId>());
  }
  return ids;
}

// log p(ids[t + 1] | ids[0..t]) at temperature 1, [T - 1] f32.
Tensor score(const model::Transformer& m, const std::vector<model::TokenId>& ids) {
  const c10::NoGradGuard no_grad;
  const auto& device = m.options().device;
  const auto batch = model::make_batch({{ids, -1}}, device);
  const auto hidden = m.forward(batch);
  const int64_t count = hidden.size(0) - 1;
  return kernels::token_logprobs(hidden.narrow(0, 0, count), m.head(), batch.ids.narrow(0, 1, count), 1.0, false)
      .logprobs.to(at::kCPU);
}

ExitCode run_logprobs(const Arguments& arguments) {
  const auto config = policy_config(arguments);
  const auto files = model::open_model(config.model.path);
  const auto m = model::load_transformer(files, rl::transformer_options(config));
  const std::string input = *arguments.value("input");
  base::for_each_line(input, [&](std::string_view line, size_t number) {
    const std::string where = cat(input, ":", number);
    const auto ids = ids_of(base::parse_json(line, where), m.config().vocab_size, where);
    std::vector<float> logprobs;
    if (ids.size() > 1) {
      const auto scores = score(m, ids);
      logprobs.assign(scores.const_data_ptr<float>(), scores.const_data_ptr<float>() + scores.numel());
    }
    std::cout << base::Json{{"logprobs", logprobs}}.dump() << "\n";
  });
  return ExitCode::done;
}

}  // namespace

Verb logprobs_verb() {
  auto options = policy_options();
  options.push_back({.name = "input", .value = "FILE", .meaning = "JSON lines {\"ids\": [...]}", .is_required = true});
  return {.name = "logprobs",
          .summary = "turn rows {\"ids\"} into rows {\"logprobs\"} of every next token, at temperature 1",
          .usage = {.options = options},
          .run = run_logprobs};
}

}  // namespace lockstep::cli
