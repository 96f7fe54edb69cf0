// SPDX-License-Identifier: Apache-2.0
// Parts of a run's configuration that several stages share: model, prompts, learner, supervised training.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "model/chat_template.h"
#include "rl/lora.h"
#include "rl/optimizer.h"
#include "rl/schedule.h"
#include "rl/text_rows.h"

namespace lockstep::rl {

struct TokenizerConfig {
  int64_t vocab_size = 256;
  bool byte_fallback = false;
  int64_t num_documents = 4000;
  void visit(auto&& field) {
    field("vocab_size", vocab_size, "pieces, special tokens included", base::between(64, 1 << 20));
    field("byte_fallback", byte_fallback, "keep the 256 bytes as pieces, so that any text has ids");
    field("num_documents", num_documents, "documents of the pre-training text to learn it from", base::at_least(1));
  }
};

// Where the policy begins: a folder or .gguf file, or an architecture to initialise.
struct ModelSource {
  std::string path;
  base::Json config = base::Json::object();
  double init_gain = 0.5;
  std::string dtype = "float32";
  base::Json rope_scaling = base::Json::object();
  int64_t max_position_embeddings = 0;
  TokenizerConfig tokenizer;
  void visit(auto&& field) {
    field("path", path, "model folder (config.json + safetensors) or .gguf file; empty: initialise from `config`");
    field("config", config, "Hugging Face config.json of a new model; vocab_size is taken from the tokenizer");
    field("init_gain", init_gain, "new matrices have std init_gain / sqrt(fan_in); 0: initializer_range", base::at_least(0));
    field("dtype", dtype, "storage and compute type; masters and moments are f32", base::one_of({"float32", "bfloat16"}));
    field("rope_scaling", rope_scaling,
          "with `path`: in place of the file's, e.g. {\"rope_type\": \"yarn\", \"factor\": 4}; the trained length is the file's context unless "
          "original_max_position_embeddings says otherwise; {\"rope_type\": \"default\"}: none");
    field("max_position_embeddings", max_position_embeddings, "with `path`: context length in place of the file's; 0: the file's", base::at_least(0));
    field("tokenizer", tokenizer, "tokenizer of a new model, trained on its pre-training text");
  }
};

// How prompts become ids.
struct PromptConfig {
  std::string format = "raw", system, prefill;
  void visit(auto&& field) {
    field("format", format, "raw, r1_zero, chatml, llama3 or deepseek_r1");
    field("system", system, "system message put before the prompt");
    field("prefill", prefill, "text that every completion begins with; rewards see it");
  }
  model::PromptFormat to_format() const { return {format, system, prefill}; }
};

struct LearnerConfig {
  int num_shards = 2;
  int64_t max_tokens = 4096;
  bool gradient_checkpointing = false;
  bool share_micro_batches = false;
  LoraConfig lora;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  void visit(auto&& field) {
    field("num_shards", num_shards, "virtual data-parallel shards; fixes the bits, threads do not", base::between(1, 256));
    field("max_tokens", max_tokens, "tokens of one micro-batch", base::at_least(16));
    field("gradient_checkpointing", gradient_checkpointing,
          "keep only the values between layers for the backward pass: a fraction of the memory, a third more work, the same bits");
    field("share_micro_batches", share_micro_batches,
          "one micro-batch at a time, by all threads, instead of one a thread: the memory of one, some more time, the same bits");
    field("lora", lora, "low-rank adapters instead of all weights");
    field("optimizer", optimizer, "AdamW");
    field("schedule", schedule, "learning rate");
  }
};

struct SaveConfig {
  int64_t save_steps = 50;
  int64_t keep_last = 2;
  void visit(auto&& field) {
    field("save_steps", save_steps, "steps between checkpoints; the last step is always saved", base::at_least(1));
    field("keep_last", keep_last, "checkpoints of a stage to keep", base::at_least(1));
  }
};

// Pre-training and supervised fine-tuning: the same learner on text rows.
struct SupervisedConfig {
  int64_t max_steps = 1000;
  int64_t batch_tokens = 1536;
  TextSource data;
  LearnerConfig learner;
  double mtp_loss_coef = 0.1;
  double mtp_start = 0.0;
  double aux_loss_alpha = 0.0;
  double router_bias_update_rate = 0.0;
  double router_bias_until = 0.8;
  std::optional<double> target_pass_at_1;
  int64_t extra_steps = 0;
  SaveConfig save;
  void visit(auto&& field) {
    field("max_steps", max_steps, "updates", base::at_least(1));
    field("batch_tokens", batch_tokens, "trained tokens per update, at least", base::at_least(16));
    field("data", data, "what to train on");
    field("learner", learner, "micro-batches, optimizer, schedule");
    field("mtp_loss_coef", mtp_loss_coef, "weight of the multi-token-prediction loss, if the model has the module",
          base::at_least(0));
    field("mtp_start", mtp_start, "share of the steps after which the module is trained", base::between(0, 1));
    field("aux_loss_alpha", aux_loss_alpha, "weight of the sequence-wise balance loss of the experts (DeepSeek-V3: 1e-4)", base::at_least(0));
    field("router_bias_update_rate", router_bias_update_rate,
          "step of e_score_correction_bias towards even expert load (DeepSeek-V3: 0.001); 0: frozen", base::at_least(0));
    field("router_bias_until", router_bias_until, "share of the steps after which the bias is frozen", base::between(0, 1));
    field("target_pass_at_1", target_pass_at_1,
          "go on (up to extra_steps) until the evaluation's pass@1 reaches this", base::between(0, 1));
    field("extra_steps", extra_steps, "most further updates, at the final learning rate", base::at_least(0));
    field("save", save, "checkpoints");
  }
};

}  // namespace lockstep::rl
