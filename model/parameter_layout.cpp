// SPDX-License-Identifier: Apache-2.0
// Which parameters each family has, layer by layer, and the Hugging Face tensors they are made of.
#include "base/error.h"
#include "base/text.h"
#include "model/parameters.h"

namespace lockstep::model {
namespace {

class Layout {
 public:
  explicit Layout(const ModelConfig& config) : c_(config) {}

  std::vector<Parameter> build() {
    add("model.embed_tokens.weight", {c_.vocab_size, c_.hidden_size}, Init::embedding);
    for (int64_t layer = 0; layer < c_.num_hidden_layers; ++layer) decoder_layer(layer);
    add("model.norm.weight", {c_.hidden_size}, Init::ones);
    if (c_.num_labels > 0)
      add("score.weight", {c_.num_labels, c_.hidden_size}, Init::normal);
    else if (!c_.tie_word_embeddings)
      add("lm_head.weight", {c_.vocab_size, c_.hidden_size}, Init::normal);
    // Deeper MTP modules than the first are refused when the config is read.
    if (c_.num_nextn_predict_layers > 0) mtp_layer(c_.num_hidden_layers);
    return std::move(parameters_);
  }

 private:
  // A parameter that is one Hugging Face tensor of the same name.
  void add(const std::string& name, std::vector<int64_t> shape, Init init) {
    const int64_t rows = shape[0];
    parameters_.push_back({name, std::move(shape), {{name, -1, 0, rows}}, init, true, {}});
  }

  struct Part {
    std::string hf_name;
    int64_t rows;
  };

  // Several matrices with the same input, one below the other: one product instead of several.
  void add_fused(const std::string& name, const std::vector<Part>& parts, int64_t columns, Init init) {
    Parameter p{name, {0}, {}, init, true, {}};
    if (columns > 0) p.shape.push_back(columns);
    for (const auto& part : parts) {
      p.pieces.push_back({part.hf_name, -1, p.shape[0], part.rows});
      p.shape[0] += part.rows;
    }
    parameters_.push_back(std::move(p));
  }

  void decoder_layer(int64_t layer) {
    const std::string prefix = cat("model.layers.", layer, ".");
    add(prefix + "input_layernorm.weight", {c_.hidden_size}, Init::ones);
    if (c_.is_mla())
      latent_attention(prefix + "self_attn.");
    else
      grouped_attention(prefix + "self_attn.");
    add(prefix + "post_attention_layernorm.weight", {c_.hidden_size}, Init::ones);
    if (c_.is_moe_layer(layer))
      mixture(prefix + "mlp.");
    else
      mlp(prefix + "mlp.", c_.intermediate_size);
  }

  void grouped_attention(const std::string& prefix) {
    const int64_t q = c_.num_attention_heads * c_.head_dim, kv = c_.num_key_value_heads * c_.head_dim;
    add_fused(prefix + "qkv_proj.weight",
              {{prefix + "q_proj.weight", q}, {prefix + "k_proj.weight", kv}, {prefix + "v_proj.weight", kv}},
              c_.hidden_size, Init::normal);
    if (has_qkv_bias())
      add_fused(prefix + "qkv_proj.bias",
                {{prefix + "q_proj.bias", q}, {prefix + "k_proj.bias", kv}, {prefix + "v_proj.bias", kv}}, 0, Init::zeros);
    if (c_.family == Family::qwen3 || c_.family == Family::qwen3_moe) {
      add(prefix + "q_norm.weight", {c_.head_dim}, Init::ones);
      add(prefix + "k_norm.weight", {c_.head_dim}, Init::ones);
    }
    add(prefix + "o_proj.weight", {c_.hidden_size, q}, Init::normal);
    if (c_.attention_bias && c_.family != Family::qwen2) add(prefix + "o_proj.bias", {c_.hidden_size}, Init::zeros);
  }

  // Qwen2 has biases by definition; llama and qwen3 by attention_bias (then on o_proj too).
  bool has_qkv_bias() const { return c_.family == Family::qwen2 || c_.attention_bias; }

  void latent_attention(const std::string& prefix) {
    const int64_t q = c_.num_attention_heads * c_.qk_head_dim(), latent = c_.kv_lora_rank + c_.qk_rope_head_dim;
    if (c_.q_lora_rank > 0) {
      add_fused(prefix + "qkv_a_proj.weight",
                {{prefix + "q_a_proj.weight", c_.q_lora_rank}, {prefix + "kv_a_proj_with_mqa.weight", latent}},
                c_.hidden_size, Init::normal);
      add(prefix + "q_a_layernorm.weight", {c_.q_lora_rank}, Init::ones);
      add(prefix + "q_b_proj.weight", {q, c_.q_lora_rank}, Init::normal);
    } else {
      add_fused(prefix + "qkv_a_proj.weight",
                {{prefix + "q_proj.weight", q}, {prefix + "kv_a_proj_with_mqa.weight", latent}}, c_.hidden_size, Init::normal);
    }
    add(prefix + "kv_a_layernorm.weight", {c_.kv_lora_rank}, Init::ones);
    add(prefix + "kv_b_proj.weight", {c_.num_attention_heads * (c_.qk_nope_head_dim + c_.v_head_dim), c_.kv_lora_rank},
        Init::normal);
    add(prefix + "o_proj.weight", {c_.hidden_size, c_.num_attention_heads * c_.v_head_dim}, Init::normal);
  }

  void mlp(const std::string& prefix, int64_t width) {
    add_fused(prefix + "gate_up_proj.weight", {{prefix + "gate_proj.weight", width}, {prefix + "up_proj.weight", width}},
              c_.hidden_size, Init::normal);
    add(prefix + "down_proj.weight", {c_.hidden_size, width}, Init::normal);
  }

  void mixture(const std::string& prefix) {
    add(prefix + "gate.weight", {c_.num_experts, c_.hidden_size}, Init::normal);
    if (c_.topk_method == "noaux_tc") {
      add(prefix + "gate.e_score_correction_bias", {c_.num_experts}, Init::zeros);
      parameters_.back().is_trainable = false;
    }
    const int64_t width = c_.moe_intermediate_size;
    Parameter gate_up{prefix + "experts.gate_up_proj", {c_.num_experts, 2 * width, c_.hidden_size}, {}, Init::normal, true, {}};
    Parameter down{prefix + "experts.down_proj", {c_.num_experts, c_.hidden_size, width}, {}, Init::normal, true, {}};
    for (int64_t e = 0; e < c_.num_experts; ++e) {
      const std::string expert = cat(prefix, "experts.", e, ".");
      gate_up.pieces.push_back({expert + "gate_proj.weight", e, 0, width});
      gate_up.pieces.push_back({expert + "up_proj.weight", e, width, width});
      down.pieces.push_back({expert + "down_proj.weight", e, 0, c_.hidden_size});
    }
    parameters_.push_back(std::move(gate_up));
    parameters_.push_back(std::move(down));
    if (c_.n_shared_experts > 0) mlp(prefix + "shared_experts.", c_.n_shared_experts * width);
  }

  void mtp_layer(int64_t layer) {
    const std::string prefix = cat("model.layers.", layer, ".");
    add(prefix + "enorm.weight", {c_.hidden_size}, Init::ones);
    add(prefix + "hnorm.weight", {c_.hidden_size}, Init::ones);
    add(prefix + "eh_proj.weight", {c_.hidden_size, 2 * c_.hidden_size}, Init::normal);
    decoder_layer(layer);
    add(prefix + "shared_head.norm.weight", {c_.hidden_size}, Init::ones);
  }

  const ModelConfig& c_;
  std::vector<Parameter> parameters_;
};

}  // namespace

std::vector<Parameter> parameter_layout(const ModelConfig& config) { return Layout(config).build(); }

}  // namespace lockstep::model
