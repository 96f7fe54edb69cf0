// SPDX-License-Identifier: Apache-2.0
// Loading a run's configuration and the rules across its fields.
#include "rl/run_config.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rl/evaluate.h"

namespace lockstep::rl {
namespace {

void require(bool condition, const std::string& what, const std::string& where, const std::string& fix) {
  if (!condition) throw Error(what, where, fix);
}

void validate_advantage(const AdvantageConfig& advantage) {
  const auto& scale = advantage.scale_rewards;
  require(advantage.adv_estimator != "rloo" || scale != "batch", "adv_estimator rloo does not scale, scale_rewards says batch",
          "/grpo/advantage/scale_rewards", "leave it out, or use the estimator grpo");
  require(advantage.adv_estimator != "reinforce_plus_plus_baseline" || scale != "none",
          "adv_estimator reinforce_plus_plus_baseline scales by the batch, scale_rewards says none", "/grpo/advantage/scale_rewards",
          "leave it out, or use the estimator grpo");
}

// normalize_then_sum has advantages of its own.
void validate_aggregation(const GrpoConfig& grpo) {
  if (grpo.advantage.multi_objective_aggregation != "normalize_then_sum") return;
  require(grpo.advantage.adv_estimator == "grpo", cat("normalize_then_sum with adv_estimator ", grpo.advantage.adv_estimator),
          "/grpo/advantage/adv_estimator", "leave it out, or use sum_then_normalize");
  require(!grpo.loss.use_kl_in_reward, "normalize_then_sum with use_kl_in_reward", "/grpo/loss/use_kl_in_reward",
          "put the KL term into the loss, or use sum_then_normalize");
}

void validate_supervised(const SupervisedConfig& config, const std::string& where) {
  require(config.aux_loss_alpha == 0 || !config.learner.gradient_checkpointing, "aux_loss_alpha with gradient_checkpointing",
          where + "/aux_loss_alpha", "leave one of them out: a layer that runs again keeps no router logits");
}

void validate_grpo(const RunConfig& config) {
  const auto& grpo = *config.grpo;
  require(!config.rewards.empty(), "reinforcement learning without a reward", "/rewards", "add at least one, e.g. {\"type\": \"accuracy\"}");
  require(!grpo.data.task.empty() || !grpo.data.file.empty(), "no training prompts", "/grpo/data", "set \"task\" or \"file\"");
  require(grpo.sampling.temperature > 0, "temperature 0 draws the same completion G times", "/grpo/sampling/temperature",
          "use 1 for on-policy training");
  require(grpo.num_minibatches <= grpo.num_prompts,
          cat("num_minibatches ", grpo.num_minibatches, " is more than num_prompts ", grpo.num_prompts), "/grpo/num_minibatches",
          "use at most one minibatch per prompt: groups stay whole");
  validate(grpo.loss, "/grpo/loss");
  validate_advantage(grpo.advantage);
  validate_aggregation(grpo);
  require(!grpo.routing_replay || config.engine.record_routing, "routing_replay without recorded experts", "/grpo/routing_replay",
          "set engine.record_routing to true");
  require(grpo.ref_model_sync_steps == 0 || grpo.loss.beta > 0, "ref_model_sync_steps without a KL term",
          "/grpo/ref_model_sync_steps", "set grpo.loss.beta above 0, or leave it out");
  require(grpo.ref_model_mixup_alpha == 1 || grpo.ref_model_sync_steps > 0, "ref_model_mixup_alpha without ref_model_sync_steps",
          "/grpo/ref_model_mixup_alpha", "set grpo.ref_model_sync_steps (1: after every step), or leave it out");
}

void validate_reward_model(const RunConfig& config) {
  const auto& stage = *config.reward_model;
  require(!config.pretrain && !config.sft && !config.dpo && !config.grpo, "reward_model beside another stage", "/reward_model",
          "train the reward model in a run of its own and name its folder in a reward of type reward_model");
  require(!config.model.path.empty(), "a reward model begins from a model, and none is named", "/model/path",
          "name the folder of a language model or of a reward model");
  require(!stage.files.empty(), "a reward model without pairs", "/reward_model/files", "name JSONL files of {prompt, chosen, rejected}");
  require(stage.learner.lora.r == 0, "a reward model with LoRA: no adapter would train its new head", "/reward_model/learner/lora/r",
          "leave it out: all weights learn");
}

}  // namespace

void validate(const RunConfig& config) {
  require(config.pretrain || config.sft || config.dpo || config.grpo || config.reward_model, "the config has no stage", "/",
          "add \"pretrain\", \"sft\", \"dpo\", \"grpo\" or \"reward_model\"");
  require(config.model.path.empty() != config.model.config.empty(), "the model needs exactly one of path and config", "/model",
          "name a folder in \"path\" or an architecture in \"config\"");
  require(config.model.config.empty() || (config.model.rope_scaling.empty() && config.model.max_position_embeddings == 0),
          "a new model with rope_scaling or max_position_embeddings beside its config", "/model", "write them into /model/config");
  const auto& names = model::prompt_format_names();
  require(std::find(names.begin(), names.end(), config.prompt.format) != names.end(),
          cat("unknown prompt format \"", config.prompt.format, "\""), "/prompt/format", cat("use one of ", base::join(names, ", ")));
  if (config.grpo) validate_grpo(config);
  if (config.reward_model) validate_reward_model(config);
  if (config.pretrain) validate_supervised(*config.pretrain, "/pretrain");
  if (config.sft) validate_supervised(*config.sft, "/sft");
  if (config.dpo)
    require(!config.dpo->data.files.empty(), "preference optimisation without pairs", "/dpo/data/files", "name JSONL files of {prompt, chosen, rejected}");
  if (config.pretrain && config.pretrain->target_pass_at_1)
    require(!config.rewards.empty() && (!config.eval.data.task.empty() || !config.eval.data.file.empty()),
            "target_pass_at_1 needs an evaluation", "/pretrain/target_pass_at_1", "add \"rewards\" and \"eval.data\"");
  if (!config.rewards.empty()) {
    const bool has_accuracy = find_accuracy(config.rewards, config.eval.accuracy_reward).has_value();
    require(has_accuracy || !config.pretrain || !config.pretrain->target_pass_at_1, "target_pass_at_1 without a reward that says what is right",
            "/pretrain/target_pass_at_1", "add an accuracy reward, or name one in /eval/accuracy_reward");
  }
}

RunConfig load_run_config(const std::string& file, const std::vector<std::string>& assignments) {
  auto json = base::parse_json_file(file, {.comments = true});
  for (const auto& assignment : assignments) base::apply_set(json, assignment);
  RunConfig config;
  base::load(json, config);
  validate(config);
  return config;
}

}  // namespace lockstep::rl
