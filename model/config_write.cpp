// SPDX-License-Identifier: Apache-2.0
// ModelConfig -> config.json, in the form that transformers 4 wrote and 5 still reads (so do vLLM, SGLang,
// llama.cpp).
#include "base/error.h"
#include "base/text.h"
#include "model/model_config.h"

namespace lockstep::model {
namespace {

using base::Json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

const char* class_prefix(Family family) {
  switch (family) {
    case Family::llama:
      return "Llama";
    case Family::qwen2:
      return "Qwen2";
    case Family::qwen3:
      return "Qwen3";
    case Family::qwen3_moe:
      return "Qwen3Moe";
    case Family::deepseek_v2:
      return "DeepseekV2";
    case Family::deepseek_v3:
      return "DeepseekV3";
  }
  LOCKSTEP_CHECK(false, "unknown family");
}

std::string architecture(const ModelConfig& config) {
  return cat(class_prefix(config.family), config.num_labels > 0 ? "ForSequenceClassification" : "ForCausalLM");
}

// transformers keeps the number of labels as the size of these, under the names that it makes up itself.
void add_label(Json& json) {
  json["id2label"] = {{"0", "LABEL_0"}};
  json["label2id"] = {{"LABEL_0", 0}};
}

Json rope_json(const RopeScaling& scaling) {
  if (scaling.rope_type == "default") return nullptr;
  // Both spellings of the type: transformers before 4.43 reads "type" only.
  Json json = {{"rope_type", scaling.rope_type}, {"type", scaling.rope_type}, {"factor", scaling.factor}};
  if (scaling.rope_type == "linear") return json;
  json["original_max_position_embeddings"] = scaling.original_max_position_embeddings;
  if (scaling.rope_type == "llama3") {
    json["low_freq_factor"] = scaling.low_freq_factor;
    json["high_freq_factor"] = scaling.high_freq_factor;
    return json;
  }
  json["beta_fast"] = scaling.beta_fast;
  json["beta_slow"] = scaling.beta_slow;
  if (scaling.mscale) json["mscale"] = *scaling.mscale;
  if (scaling.mscale_all_dim) json["mscale_all_dim"] = *scaling.mscale_all_dim;
  if (scaling.attention_factor) json["attention_factor"] = *scaling.attention_factor;
  if (!scaling.truncate) json["truncate"] = false;
  return json;
}

void add_experts(const ModelConfig& config, Json& json) {
  json["num_experts_per_tok"] = config.num_experts_per_tok;
  json["moe_intermediate_size"] = config.moe_intermediate_size;
  json["norm_topk_prob"] = config.norm_topk_prob;
  if (config.family == Family::qwen3_moe) {
    json["num_experts"] = config.num_experts;
    json["decoder_sparse_step"] = config.decoder_sparse_step;
    json["mlp_only_layers"] = config.mlp_only_layers;
    return;
  }
  json["n_routed_experts"] = config.num_experts;
  json["n_shared_experts"] = config.n_shared_experts;
  json["first_k_dense_replace"] = config.first_k_dense_replace;
  json["moe_layer_freq"] = config.moe_layer_freq;
  json["n_group"] = config.n_group;
  json["topk_group"] = config.topk_group;
  json["topk_method"] = config.topk_method;
  json["scoring_func"] = config.scoring_func;
  json["routed_scaling_factor"] = config.routed_scaling_factor;
  if (config.family == Family::deepseek_v3)
    json["num_nextn_predict_layers"] = config.num_nextn_predict_layers;
}

void add_latent_attention(const ModelConfig& config, Json& json) {
  json["kv_lora_rank"] = config.kv_lora_rank;
  json["q_lora_rank"] = config.q_lora_rank > 0 ? Json(config.q_lora_rank) : Json(nullptr);
  json["qk_nope_head_dim"] = config.qk_nope_head_dim;
  json["qk_rope_head_dim"] = config.qk_rope_head_dim;
  json["v_head_dim"] = config.v_head_dim;
  if (config.family == Family::deepseek_v3) json["rope_interleave"] = config.rope_interleave;
}

Json eos_json(const std::vector<int64_t>& eos) {
  if (eos.empty()) return nullptr;
  return eos.size() == 1 ? Json(eos.front()) : Json(eos);
}

}  // namespace

Json to_hf_config(const ModelConfig& config) {
  Json json = {
      {"architectures", Json::array({architecture(config)})},
      {"model_type", family_name(config.family)},
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"num_key_value_heads", config.num_key_value_heads},
      {"hidden_act", "silu"},
      {"max_position_embeddings", config.max_position_embeddings},
      {"initializer_range", config.initializer_range},
      {"rms_norm_eps", config.rms_norm_eps},
      {"tie_word_embeddings", config.tie_word_embeddings},
      {"rope_theta", config.rope_theta},
      {"rope_scaling", rope_json(config.rope_scaling)},
      {"attention_dropout", 0.0},
      {"bos_token_id", or_null(config.bos_token_id)},
      {"eos_token_id", eos_json(config.eos_token_id)},
      {"pad_token_id", or_null(config.pad_token_id)},
      {"use_cache", true},
  };
  if (!config.torch_dtype.empty()) json["torch_dtype"] = config.torch_dtype;
  // qwen2 always has biases on q, k, v and knows no such key.
  if (config.family != Family::qwen2) json["attention_bias"] = config.attention_bias;
  if (config.is_mla()) {
    add_latent_attention(config, json);
  } else {
    json["head_dim"] = config.head_dim;
  }
  if (config.family == Family::llama) json["mlp_bias"] = false;
  if (config.family == Family::qwen2 || config.has_qk_norm()) json["use_sliding_window"] = false;
  if (config.num_experts > 0) add_experts(config, json);
  if (config.num_labels > 0) add_label(json);
  return json;
}

}  // namespace lockstep::model
