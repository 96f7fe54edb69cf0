// SPDX-License-Identifier: Apache-2.0
// The tensor list of each family.
#include "model/tensor_names.h"

#include <numeric>

#include "base/text.h"

namespace lockstep::model {
namespace {

// Appends specs; `prefix` is the module that the names are relative to.
class SpecList {
 public:
  explicit SpecList(const ModelConfig& config) : config_(config) {}

  std::vector<TensorSpec> take() { return std::move(specs_); }
  void add(const std::string& name, std::vector<int64_t> shape) {
    specs_.push_back({name, std::move(shape)});
  }

  void attention(const std::string& prefix);
  void latent_attention(const std::string& prefix);
  void mlp(const std::string& prefix, int64_t width);
  void experts(const std::string& prefix);
  void layer(int64_t index);
  void mtp_module(int64_t index);

 private:
  const ModelConfig& config_;
  std::vector<TensorSpec> specs_;
};

std::string layer_prefix(int64_t index) { return cat("model.layers.", index, "."); }

void SpecList::attention(const std::string& prefix) {
  const int64_t width = config_.hidden_size;
  const int64_t q = config_.num_attention_heads * config_.head_dim,
                kv = config_.num_key_value_heads * config_.head_dim;
  const std::pair<const char*, int64_t> projections[] = {{"q_proj", q}, {"k_proj", kv}, {"v_proj", kv}};
  for (const auto& [name, out] : projections) {
    add(cat(prefix, name, ".weight"), {out, width});
    if (config_.has_qkv_bias()) add(cat(prefix, name, ".bias"), {out});
  }
  add(prefix + "o_proj.weight", {width, q});
  if (config_.has_o_bias()) add(prefix + "o_proj.bias", {width});
  if (config_.has_qk_norm()) {
    add(prefix + "q_norm.weight", {config_.head_dim});
    add(prefix + "k_norm.weight", {config_.head_dim});
  }
}

void SpecList::latent_attention(const std::string& prefix) {
  const int64_t width = config_.hidden_size, heads = config_.num_attention_heads;
  const int64_t q = heads * config_.qk_head_dim(), rank = config_.q_lora_rank, latent = config_.kv_lora_rank;
  if (rank > 0) {
    add(prefix + "q_a_proj.weight", {rank, width});
    add(prefix + "q_a_layernorm.weight", {rank});
    add(prefix + "q_b_proj.weight", {q, rank});
  } else {
    add(prefix + "q_proj.weight", {q, width});
  }
  add(prefix + "kv_a_proj_with_mqa.weight", {latent + config_.qk_rope_head_dim, width});
  add(prefix + "kv_a_layernorm.weight", {latent});
  add(prefix + "kv_b_proj.weight", {heads * (config_.qk_nope_head_dim + config_.v_head_dim), latent});
  add(prefix + "o_proj.weight", {width, heads * config_.v_head_dim});
}

void SpecList::mlp(const std::string& prefix, int64_t width) {
  add(prefix + "gate_proj.weight", {width, config_.hidden_size});
  add(prefix + "up_proj.weight", {width, config_.hidden_size});
  add(prefix + "down_proj.weight", {config_.hidden_size, width});
}

void SpecList::experts(const std::string& prefix) {
  add(prefix + "gate.weight", {config_.num_experts, config_.hidden_size});
  if (config_.topk_method == "noaux_tc") {
    specs_.push_back({prefix + "gate.e_score_correction_bias", {config_.num_experts}, true});
  }
  for (int64_t e = 0; e < config_.num_experts; ++e)
    mlp(cat(prefix, "experts.", e, "."), config_.moe_intermediate_size);
  if (config_.n_shared_experts > 0) {
    mlp(prefix + "shared_experts.", config_.n_shared_experts * config_.moe_intermediate_size);
  }
}

void SpecList::layer(int64_t index) {
  const std::string prefix = layer_prefix(index);
  add(prefix + "input_layernorm.weight", {config_.hidden_size});
  config_.is_mla() ? latent_attention(prefix + "self_attn.") : attention(prefix + "self_attn.");
  add(prefix + "post_attention_layernorm.weight", {config_.hidden_size});
  config_.is_moe_layer(index) ? experts(prefix + "mlp.") : mlp(prefix + "mlp.", config_.intermediate_size);
}

// DeepSeek-V3 report (arXiv:2412.19437), section 2.2: two norms, a projection of [embedding, hidden], a
// layer, a norm.
void SpecList::mtp_module(int64_t index) {
  const std::string prefix = layer_prefix(index);
  const int64_t width = config_.hidden_size;
  add(prefix + "enorm.weight", {width});
  add(prefix + "hnorm.weight", {width});
  add(prefix + "eh_proj.weight", {width, 2 * width});
  layer(index);
  add(prefix + "shared_head.norm.weight", {width});
}

}  // namespace

std::vector<TensorSpec> expected_tensors(const ModelConfig& config) {
  SpecList list(config);
  list.add("model.embed_tokens.weight", {config.vocab_size, config.hidden_size});
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) list.layer(i);
  list.add("model.norm.weight", {config.hidden_size});
  if (config.num_labels > 0) {
    list.add("score.weight", {config.num_labels, config.hidden_size});
  } else if (!config.tie_word_embeddings) {
    list.add("lm_head.weight", {config.vocab_size, config.hidden_size});
  }
  for (int64_t i = 0; i < config.num_nextn_predict_layers; ++i) list.mtp_module(config.num_hidden_layers + i);
  return list.take();
}

bool is_redundant_tensor(const ModelConfig& config, const std::string& name) {
  if (name == "lm_head.weight") return config.tie_word_embeddings;
  if (name.ends_with("rotary_emb.inv_freq")) return true;
  for (int64_t i = 0; i < config.num_nextn_predict_layers; ++i) {
    const std::string prefix = layer_prefix(config.num_hidden_layers + i);
    if (name == prefix + "embed_tokens.weight" || name == prefix + "shared_head.head.weight") return true;
  }
  return false;
}

int64_t num_parameters(const ModelConfig& config) {
  int64_t total = 0;
  for (const TensorSpec& spec : expected_tensors(config)) {
    total += std::accumulate(spec.shape.begin(), spec.shape.end(), int64_t{1}, std::multiplies<>());
  }
  return total;
}

}  // namespace lockstep::model
