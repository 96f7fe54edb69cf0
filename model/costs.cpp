// SPDX-License-Identifier: Apache-2.0
// Costs of a forward pass, summed over the tensors of the checkpoint.
#include "model/costs.h"

#include "base/text.h"
#include "model/tensor_names.h"

namespace lockstep::model {

TokenCost token_cost(const ModelConfig& config) {
  TokenCost out;
  const std::string mtp = cat("model.layers.", config.num_hidden_layers, ".");
  for (const auto& spec : expected_tensors(config)) {
    if (spec.shape.size() != 2 || spec.name.starts_with(mtp)) continue;
    if (spec.name == "model.embed_tokens.weight" && !config.tie_word_embeddings) continue;
    const auto size = static_cast<double>(spec.shape[0] * spec.shape[1]);
    const bool is_routed = spec.name.find(".mlp.experts.") != std::string::npos;
    out.weights_total += size;
    out.weights_met += is_routed ? size * static_cast<double>(config.num_experts_per_tok) / static_cast<double>(config.num_experts) : size;
  }
  out.matrix_flops = 2 * out.weights_met;
  // MLA in its absorbed form: scores over latent and rope key, values over the latent.
  const int64_t per_head = config.is_mla() ? 2 * config.kv_lora_rank + config.qk_rope_head_dim : 2 * config.head_dim;
  out.attention_flops_per_key = 2.0 * static_cast<double>(per_head * config.num_attention_heads * config.num_hidden_layers);
  return out;
}

}  // namespace lockstep::model
