// SPDX-License-Identifier: Apache-2.0
// The budget of a dry run against what the run then has.
#include "rl/budget.h"

#include "rl/policy.h"
#include "tests/support/temp_folder.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

rl::RunConfig tiny_run(const std::vector<std::string>& assignments = {}) {
  return rl::load_run_config(std::string(LOCKSTEP_SOURCE_DIR) + "/tests/e2e/tiny_run.json", assignments);
}

}  // namespace

TEST_CASE("budget: parameters and weight bytes are those of the model that the run makes") {
  const TempFolder folder;
  const auto config = tiny_run();
  const auto policy = rl::make_policy(config, folder.path("tokenizer"));
  const auto budget = rl::make_budget(config);
  CHECK(budget.num_parameters == model::count_parameters(policy.transformer.parameters()));
  int64_t bytes = 0;
  for (const auto& p : policy.transformer.parameters()) bytes += static_cast<int64_t>(p.value.nbytes());
  CHECK(budget.weight_bytes == bytes);
  CHECK(budget.gradient_bytes == budget.weight_bytes * config.grpo->learner.num_shards);
  CHECK(budget.optimizer_bytes == 2 * budget.weight_bytes);
  CHECK(budget.total_bytes() > budget.weight_bytes + budget.gradient_bytes + budget.optimizer_bytes);
}

TEST_CASE("budget: bf16 halves the weights and adds f32 masters; a KL term adds a reference; steps are capped") {
  const auto f32 = rl::make_budget(tiny_run());
  const auto bf16 = rl::make_budget(tiny_run({"model.dtype=bfloat16"}));
  CHECK(2 * bf16.weight_bytes == f32.weight_bytes);
  CHECK(bf16.optimizer_bytes == 12 * bf16.num_parameters);
  CHECK(bf16.packed_bytes == bf16.weight_bytes);
  CHECK(rl::make_budget(tiny_run({"engine.quantization=q8_0", "grpo.num_iterations=1", "grpo.num_minibatches=1"})).packed_bytes == f32.num_parameters * 34 / 32);
  CHECK(rl::make_budget(tiny_run({"kernels=portable"})).packed_bytes == 0);
  CHECK(rl::make_budget(tiny_run({"grpo.loss.beta=0", "grpo.ref_model_sync_steps=0"})).reference_bytes == 0);
  CHECK(rl::make_budget(tiny_run({"grpo.loss.beta=0.1"})).reference_bytes == f32.weight_bytes);
  const auto config = tiny_run();
  CHECK(f32.completion_tokens_per_step ==
        int64_t{config.grpo->num_prompts} * config.grpo->num_generations * config.grpo->sampling.max_completion_length);
  CHECK(f32.completion_tokens == config.grpo->max_steps * f32.completion_tokens_per_step);
  CHECK(f32.pretrain_tokens == config.pretrain->max_steps * config.pretrain->batch_tokens);
  CHECK(rl::make_budget(tiny_run({"max_steps=2"})).completion_tokens == 2 * f32.completion_tokens_per_step);
  CHECK(f32.lines().size() == 4);
}

TEST_CASE("budget: a folder with a config.json alone gives its shapes, comments allowed") {
  const TempFolder folder;
  const auto config = rl::load_run_config(std::string(LOCKSTEP_SOURCE_DIR) + "/tests/e2e/tiny_run.json", {});
  auto json = config.model.config;
  json["vocab_size"] = config.model.tokenizer.vocab_size;
  folder.write("config.json", "// shapes\n" + json.dump());
  const auto alone = rl::make_budget(tiny_run({"model.config=null", "model.path=" + folder.path()}));
  CHECK(alone.num_parameters == rl::make_budget(config).num_parameters);
}

}  // namespace lockstep::test
