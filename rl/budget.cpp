// SPDX-License-Identifier: Apache-2.0
// The memory and token budget of a run.
#include "rl/budget.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "base/thread_pool.h"
#include "model/batch.h"
#include "model/checkpoint_io.h"
#include "model/reward_model.h"
#include "model/tensor_names.h"
#include "rl/prompts.h"
#include "rl/stage.h"

namespace lockstep::rl {
namespace {

// Is there a config.json and nothing else of the model? Its shapes are all that a budget needs.
bool has_shapes_alone(const std::string& folder) {
  namespace fs = std::filesystem;
  if (!fs::is_regular_file(fs::path(folder) / "config.json")) return false;
  const fs::directory_iterator files(folder), end;
  return std::none_of(files, end, [](const auto& entry) { return entry.path().filename().string().find(".safetensors") != std::string::npos; });
}

model::ModelConfig model_config(const RunConfig& config) {
  const std::string& path = config.model.path;
  if (!path.empty() && has_shapes_alone(path)) {
    const auto shapes = model::parse_model_config(base::parse_json_file(path + "/config.json", {.comments = true}), path + "/config.json");
    return config.reward_model ? model::reward_model_config(shapes) : shapes;
  }
  if (config.reward_model && model::is_reward_model(path)) return model::open_reward_model(path).config;
  if (config.reward_model) return model::reward_model_config(model::open_model(path).config);
  if (!path.empty()) return model::open_model(path).config;
  auto json = config.model.config;
  json["vocab_size"] = config.model.tokenizer.vocab_size;
  return model::parse_model_config(json, "/model/config");
}

// Elements that one layer keeps per token for its backward pass: inputs of both norms, of the projections and of the
// activation, attention's operands and output.
int64_t kept_per_token(const model::ModelConfig& c, int64_t layer) {
  const int64_t d = c.hidden_size, heads = c.num_attention_heads;
  int64_t attention = 0;
  if (c.is_mla())
    attention = heads * (c.qk_head_dim() + 2 * (c.kv_lora_rank + c.qk_rope_head_dim) + c.v_head_dim) + 2 * c.kv_lora_rank;
  else
    attention = (3 * heads + 2 * c.num_key_value_heads) * c.head_dim;
  int64_t width = c.intermediate_size;
  if (c.is_moe_layer(layer)) width = (c.num_experts_per_tok + c.n_shared_experts) * c.moe_intermediate_size;
  const int64_t gathered = c.is_moe_layer(layer) ? c.num_experts_per_tok * 2 * d : 0;
  return 4 * d + attention + 3 * width + gathered;
}

// The rows of one update: so many of this length, `group` neighbours sharing a prompt.
struct UpdateRows {
  int64_t rows = 1, prompt_tokens = 0, completion_tokens = 0, group = 1;
};

// Tokens of the micro-batches that are worked on at the same time, cut as rl/packing does.
int64_t resident_tokens(const LearnerConfig& learner, const UpdateRows& u) {
  const int64_t total = u.rows * (u.prompt_tokens + u.completion_tokens), shards = learner.num_shards;
  const int64_t least = (total + learner.max_tokens - 1) / learner.max_tokens;
  const int64_t micros = std::min(u.rows, (least + shards - 1) / shards * shards);
  const int64_t rows = (u.rows + micros - 1) / micros;
  const int64_t side_by_side = learner.share_micro_batches ? 1 : std::min<int64_t>(shards, base::default_num_threads());
  return std::min(side_by_side, micros) * (rows * u.completion_tokens + (rows + u.group - 1) / u.group * u.prompt_tokens);
}

// Five times what a layer keeps, in f32, stands for what its backward pass needs besides, which is f32 whatever the weights are, and what
// the allocator does not give back; fitted to steps of SmolLM2, in bf16 at three settings and in f32 at one.
int64_t activation_bytes(const model::ModelConfig& c, const LearnerConfig& learner, const UpdateRows& u, int64_t element_bytes) {
  constexpr int64_t kWorkBytes = 5 * 4;
  int64_t per_token = 0, largest = 0;
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    const int64_t kept = kept_per_token(c, layer);
    largest = std::max(largest, kept);
    per_token += learner.gradient_checkpointing ? 2 * c.hidden_size : kept;
  }
  return (per_token * element_bytes + kWorkBytes * largest) * resident_tokens(learner, u);
}

void add_stage(Budget& budget, const model::ModelConfig& c, const LearnerConfig& learner, const UpdateRows& rows, int64_t element_bytes) {
  const int64_t p = budget.num_parameters;
  budget.gradient_bytes = std::max(budget.gradient_bytes, p * element_bytes * learner.num_shards);
  // Two f32 moments, and f32 masters of weights that are stored in less. Adapters: themselves, their gradients and moments, and
  // the weights that they began with.
  const int64_t adapters = learner.lora.r > 0 ? count_lora_parameters(model::parameter_layout(c), learner.lora) : 0;
  const int64_t moments = learner.optimizer.moments_dtype == "bfloat16" ? 4 : 8;
  const int64_t state = adapters > 0 ? adapters * (8 + moments) + p * element_bytes : p * (moments + (element_bytes < 4 ? 4 : 0));
  budget.optimizer_bytes = std::max(budget.optimizer_bytes, state);
  budget.activation_bytes = std::max(budget.activation_bytes, activation_bytes(c, learner, rows, element_bytes));
}

int64_t cache_bytes(const RunConfig& config, const model::ModelConfig& c, at::ScalarType dtype) {
  if (!config.grpo && !config.pretrain) return 0;
  const int64_t per_token = model::kv_bytes_per_token(c, dtype);
  const int64_t lanes = config.engine.lanes > 0 ? config.engine.lanes : base::default_num_threads();
  if (config.engine.kv_cache_rows > 0) return config.engine.kv_cache_rows * lanes * per_token;
  if (!config.grpo) return 0;
  const auto& g = *config.grpo;
  const int64_t sequences = std::min<int64_t>(int64_t{g.num_prompts} * g.num_generations, int64_t{config.engine.max_num_seqs} * lanes);
  return std::min(config.engine.kv_cache_bytes, sequences * g.sampling.max_completion_length * per_token);
}

// Plain text: as if every row had this many tokens.
UpdateRows text_rows(int64_t batch_tokens) {
  constexpr int64_t kRow = 256;
  return {std::max<int64_t>(1, batch_tokens / kRow), 0, std::min(kRow, batch_tokens), 1};
}

// Of the first training prompts; 0 for a model whose tokenizer is not there yet, or of which there are the shapes alone.
int64_t mean_prompt_tokens(const RunConfig& config) {
  constexpr int64_t kPrompts = 16;
  if (config.model.path.empty() || has_shapes_alone(config.model.path)) return 0;
  const auto files = model::open_model(config.model.path);
  if (!files.tokenizer) return 0;
  const PromptSet prompts(config.grpo->data, /*is_eval=*/false, config.prompt, *files.tokenizer, config.seed);
  int64_t tokens = 0;
  for (const auto& prompt : prompts.slice(0, kPrompts)) tokens += static_cast<int64_t>(prompt.ids.size());
  return (tokens + kPrompts - 1) / kPrompts;
}

// What the native engine makes of the weights for each rollout.
int64_t packed_bytes(const RunConfig& config, int64_t num_parameters, int64_t element_bytes) {
  const bool samples = config.grpo || !config.eval.data.task.empty() || !config.eval.data.file.empty();
  if (!samples || config.kernels == "portable" || config.device != "cpu") return 0;
  return config.engine.quantization == "q8_0" ? num_parameters * 34 / 32 : num_parameters * element_bytes;
}

}  // namespace

Budget make_budget(const RunConfig& config, std::optional<int64_t> prompt_tokens) {
  const auto c = model_config(config);
  const auto dtype = config.model.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
  const int64_t element_bytes = dtype == at::kFloat ? 4 : 2;
  Budget budget;
  budget.num_parameters = model::num_parameters(c);
  budget.weight_bytes = budget.num_parameters * element_bytes;
  budget.packed_bytes = packed_bytes(config, budget.num_parameters, element_bytes);
  budget.cache_bytes = cache_bytes(config, c, dtype);
  if (config.pretrain) {
    add_stage(budget, c, config.pretrain->learner, text_rows(config.pretrain->batch_tokens), element_bytes);
    budget.pretrain_tokens = capped_steps(config, config.pretrain->max_steps) * config.pretrain->batch_tokens;
  }
  if (config.sft) {
    add_stage(budget, c, config.sft->learner, text_rows(config.sft->batch_tokens), element_bytes);
    budget.sft_tokens = capped_steps(config, config.sft->max_steps) * config.sft->batch_tokens;
  }
  if (config.dpo) {
    const auto& d = *config.dpo;
    budget.reference_bytes = budget.weight_bytes;
    add_stage(budget, c, d.learner, {2 * d.num_pairs, d.data.max_length / 2, d.data.max_length / 2, 2}, element_bytes);
  }
  if (config.reward_model) {
    const auto& r = *config.reward_model;
    add_stage(budget, c, r.learner, {2 * r.num_pairs, r.max_length / 2, r.max_length / 2, 2}, element_bytes);
  }
  if (config.grpo) {
    const auto& g = *config.grpo;
    if (g.loss.beta > 0) budget.reference_bytes = budget.weight_bytes;
    budget.completion_tokens_per_step = int64_t{g.num_prompts} * g.num_generations * g.sampling.max_completion_length;
    const int64_t rows = int64_t{g.num_prompts} * g.num_generations / g.num_minibatches;
    const int64_t prompt = prompt_tokens ? *prompt_tokens : mean_prompt_tokens(config);
    add_stage(budget, c, g.learner, {rows, prompt, g.sampling.max_completion_length, g.mtp_loss_coef > 0 ? 1 : g.num_generations}, element_bytes);
    budget.completion_tokens = capped_steps(config, g.max_steps) * budget.completion_tokens_per_step;
  }
  return budget;
}

std::vector<std::string> Budget::lines() const {
  const auto mib = [](int64_t bytes) { return base::fixed(static_cast<double>(bytes) / 1048576.0, 1); };
  std::vector<std::string> out;
  out.push_back(cat("parameters ", num_parameters));
  out.push_back(cat("memory in MiB: program ", mib(program_bytes), ", weights ", mib(weight_bytes), ", packed for rollouts ", mib(packed_bytes), ", gradients ", mib(gradient_bytes), ", optimizer ",
                    mib(optimizer_bytes), ", reference ", mib(reference_bytes), ", cache at most ", mib(cache_bytes),
                    ", activations about ", mib(activation_bytes), "; together ", mib(total_bytes())));
  if (pretrain_tokens > 0) out.push_back(cat("pre-training: at least ", pretrain_tokens, " tokens"));
  if (sft_tokens > 0) out.push_back(cat("fine-tuning: at least ", sft_tokens, " tokens"));
  if (completion_tokens > 0)
    out.push_back(cat("GRPO: at most ", completion_tokens_per_step, " completion tokens a step, ", completion_tokens, " in all"));
  return out;
}

}  // namespace lockstep::rl
