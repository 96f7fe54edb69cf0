// SPDX-License-Identifier: Apache-2.0
// The table of names and the row permutation.
#include "model/gguf_names.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

using Pair = std::pair<const char*, const char*>;

constexpr Pair kTop[] = {{"token_embd.weight", "model.embed_tokens.weight"},
                         {"output_norm.weight", "model.norm.weight"},
                         {"output.weight", "lm_head.weight"}};

constexpr Pair kLayer[] = {{"attn_norm.weight", "input_layernorm.weight"},
                           {"ffn_norm.weight", "post_attention_layernorm.weight"},
                           {"attn_q.weight", "self_attn.q_proj.weight"},
                           {"attn_k.weight", "self_attn.k_proj.weight"},
                           {"attn_v.weight", "self_attn.v_proj.weight"},
                           {"attn_output.weight", "self_attn.o_proj.weight"},
                           {"attn_q.bias", "self_attn.q_proj.bias"},
                           {"attn_k.bias", "self_attn.k_proj.bias"},
                           {"attn_v.bias", "self_attn.v_proj.bias"},
                           {"attn_output.bias", "self_attn.o_proj.bias"},
                           {"attn_q_norm.weight", "self_attn.q_norm.weight"},
                           {"attn_k_norm.weight", "self_attn.k_norm.weight"},
                           {"ffn_gate.weight", "mlp.gate_proj.weight"},
                           {"ffn_up.weight", "mlp.up_proj.weight"},
                           {"ffn_down.weight", "mlp.down_proj.weight"},
                           {"ffn_gate_inp.weight", "mlp.gate.weight"},
                           {"ffn_gate_exps.weight", "mlp.experts.*.gate_proj.weight"},
                           {"ffn_up_exps.weight", "mlp.experts.*.up_proj.weight"},
                           {"ffn_down_exps.weight", "mlp.experts.*.down_proj.weight"}};

// Splits "<prefix><number>.<rest>"; nullopt when the name is not of this form.
std::optional<std::pair<std::string, std::string>> numbered(const std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const size_t dot = name.find('.', prefix.size());
  if (dot == std::string::npos || dot == prefix.size() || dot > prefix.size() + 5) return std::nullopt;
  const std::string number = name.substr(prefix.size(), dot - prefix.size());
  if (number.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::pair(number, name.substr(dot + 1));
}

}  // namespace

std::optional<std::string> hf_name_of_gguf(const std::string& name) {
  for (const auto& [gguf, hf] : kTop) {
    if (name == gguf) return hf;
  }
  const auto layer = numbered(name, "blk.");
  if (!layer) return std::nullopt;
  for (const auto& [gguf, hf] : kLayer) {
    if (layer->second == gguf) return cat("model.layers.", layer->first, ".", hf);
  }
  return std::nullopt;
}

std::optional<std::string> gguf_name_of_hf(const std::string& name) {
  for (const auto& [gguf, hf] : kTop) {
    if (name == hf) return gguf;
  }
  const auto layer = numbered(name, "model.layers.");
  if (!layer) return std::nullopt;
  std::string rest = layer->second;
  const std::string experts = "mlp.experts.";
  if (const auto expert = numbered(rest, experts)) rest = cat(experts, "*.", expert->second);
  for (const auto& [gguf, hf] : kLayer) {
    if (rest == hf) return cat("blk.", layer->first, ".", gguf);
  }
  return std::nullopt;
}

int64_t interleaved_heads(const ModelConfig& config, const std::string& hf_name) {
  if (config.family != Family::llama) return 0;
  if (hf_name.find(".self_attn.q_proj.") != std::string::npos) return config.num_attention_heads;
  if (hf_name.find(".self_attn.k_proj.") != std::string::npos) return config.num_key_value_heads;
  return 0;
}

Tensor interleave_rows(const Tensor& weight, int64_t heads) {
  const int64_t half = weight.size(0) / heads / 2;
  return weight.reshape({heads, 2, half, -1}).transpose(1, 2).reshape(weight.sizes());
}

Tensor deinterleave_rows(const Tensor& weight, int64_t heads) {
  const int64_t half = weight.size(0) / heads / 2;
  return weight.reshape({heads, half, 2, -1}).transpose(1, 2).reshape(weight.sizes());
}

}  // namespace lockstep::model
