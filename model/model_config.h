// SPDX-License-Identifier: Apache-2.0
// The architecture of a model, read from a Hugging Face config.json (old and transformers-5 forms) or GGUF metadata.
// Field names are Hugging Face's keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::model {

enum class Family { llama, qwen2, qwen3, qwen3_moe, deepseek_v2, deepseek_v3 };

// `rope_scaling` / `rope_parameters`. Formulas: model/rope.h.
struct RopeScaling {
  std::string rope_type = "default";  // default, linear, llama3, yarn
  double factor = 1.0;
  int64_t original_max_position_embeddings = 0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;             // llama3
  double beta_fast = 32.0, beta_slow = 1.0;                         // yarn
  std::optional<double> mscale, mscale_all_dim, attention_factor;   // yarn
  bool truncate = true;                                             // yarn
};

struct ModelConfig {
  Family family = Family::llama;
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0;
  int64_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  int64_t max_position_embeddings = 2048;
  double rms_norm_eps = 1e-6, rope_theta = 10000.0;
  RopeScaling rope_scaling;
  bool tie_word_embeddings = false, attention_bias = false;
  double initializer_range = 0.02;
  std::string torch_dtype;  // float32, bfloat16 or float16 as the file says; empty when it does not
  std::optional<int64_t> bos_token_id, pad_token_id;
  std::vector<int64_t> eos_token_id;

  // Mixture of experts (qwen3_moe, deepseek_*). num_experts == 0: dense.
  int64_t num_experts = 0;  // HF: num_experts | n_routed_experts | num_local_experts
  int64_t num_experts_per_tok = 0, moe_intermediate_size = 0, n_shared_experts = 0;
  int64_t first_k_dense_replace = 0, moe_layer_freq = 1;              // deepseek
  int64_t decoder_sparse_step = 1; std::vector<int64_t> mlp_only_layers;  // qwen3_moe
  int64_t n_group = 1, topk_group = 1;
  std::string topk_method = "greedy";      // greedy, group_limited_greedy, noaux_tc
  std::string scoring_func = "softmax";    // softmax, sigmoid
  bool norm_topk_prob = false;
  double routed_scaling_factor = 1.0;

  // Multi-head latent attention (deepseek_*). kv_lora_rank == 0: ordinary attention.
  int64_t kv_lora_rank = 0, q_lora_rank = 0;  // q_lora_rank == 0: one q_proj
  int64_t qk_nope_head_dim = 0, qk_rope_head_dim = 0, v_head_dim = 0;
  bool rope_interleave = true;

  // 0: a causal language model. 1: a reward model, Hugging Face's ...ForSequenceClassification: score.weight [1, D] in lm_head's place.
  int64_t num_labels = 0;

  int64_t num_nextn_predict_layers = 0;  // MTP modules (HF: num_nextn_predict_layers | num_mtp_layers)

  bool is_mla() const { return kv_lora_rank > 0; }
  // qwen2 has biases on q, k and v only; `attention_bias` of the others is on q, k, v and o.
  bool has_qkv_bias() const { return family == Family::qwen2 || attention_bias; }
  bool has_o_bias() const { return family != Family::qwen2 && attention_bias; }
  bool has_qk_norm() const { return family == Family::qwen3 || family == Family::qwen3_moe; }
  bool is_moe_layer(int64_t layer) const;   // does this layer route to experts? (MTP layers: as the last layer)
  int64_t qk_head_dim() const { return is_mla() ? qk_nope_head_dim + qk_rope_head_dim : head_dim; }
};

const char* family_name(Family family);  // Hugging Face's model_type
// Reads config.json's content; Error names the key (missing, of the wrong kind, out of range, a model_type or feature that
// is not supported). Every integer is range-checked; sizes whose products overflow are refused.
ModelConfig parse_model_config(const base::Json& json, const std::string& origin);
// The same of a reward model: an architecture that ends in ForSequenceClassification, of one label. MTP modules are not counted:
// transformers' classes have none.
ModelConfig parse_reward_model_config(const base::Json& json, const std::string& origin);
// A config.json that transformers 4 and 5 read back to the same model.
base::Json to_hf_config(const ModelConfig& config);

}  // namespace lockstep::model
