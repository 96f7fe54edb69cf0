// SPDX-License-Identifier: Apache-2.0
// The tensor lists against published sizes and against checkpoints that transformers wrote.
#include "model/tensor_names.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace lockstep::model {
namespace {

using base::Json;

ModelConfig parse(const Json& json) { return parse_model_config(json, "config.json"); }

bool has(const std::vector<TensorSpec>& specs, const std::string& name, const std::vector<int64_t>& shape) {
  return std::any_of(specs.begin(), specs.end(),
                     [&](const auto& s) { return s.name == name && s.shape == shape; });
}

}  // namespace

TEST_CASE("tensor names: published parameter counts come out") {
  // DeepSeek-V3: 671B in the main model and 11.5B unique to its MTP module (model card: 685B with shared
  // copies).
  const ModelConfig v3 = parse({{"model_type", "deepseek_v3"}});
  CHECK(num_parameters(v3) / 1'000'000'000 == 682);
  ModelConfig main_only = v3;
  main_only.num_nextn_predict_layers = 0;
  CHECK(num_parameters(main_only) / 1'000'000'000 == 671);
  // SmolLM2-135M: 134.5M with tied embeddings.
  const ModelConfig smol = parse({{"model_type", "llama"},
                                  {"vocab_size", 49152},
                                  {"hidden_size", 576},
                                  {"intermediate_size", 1536},
                                  {"num_hidden_layers", 30},
                                  {"num_attention_heads", 9},
                                  {"num_key_value_heads", 3},
                                  {"tie_word_embeddings", true}});
  CHECK(num_parameters(smol) == 134'515'008);
}

TEST_CASE("tensor names: each name is listed once") {
  for (const char* type : {"llama", "qwen2", "qwen3", "qwen3_moe", "deepseek_v3"}) {
    const std::vector<TensorSpec> specs = expected_tensors(parse({{"model_type", type}}));
    std::set<std::string> names;
    for (const TensorSpec& spec : specs) names.insert(spec.name);
    CHECK(names.size() == specs.size());
  }
}

TEST_CASE("tensor names: what tells the families apart") {
  const auto qwen2 = expected_tensors(parse({{"model_type", "qwen2"}}));
  CHECK(has(qwen2, "model.layers.0.self_attn.q_proj.bias", {4096}));
  CHECK_FALSE(has(qwen2, "model.layers.0.self_attn.o_proj.bias", {4096}));
  const auto biased = expected_tensors(parse({{"model_type", "llama"}, {"attention_bias", true}}));
  CHECK(has(biased, "model.layers.0.self_attn.o_proj.bias", {4096}));
  const auto moe = expected_tensors(parse({{"model_type", "qwen3_moe"}}));
  CHECK(has(moe, "model.layers.0.self_attn.q_norm.weight", {64}));
  CHECK(has(moe, "model.layers.23.mlp.experts.127.down_proj.weight", {2048, 768}));
  CHECK(has(moe, "model.layers.3.mlp.gate.weight", {128, 2048}));
  const auto v3 = expected_tensors(parse({{"model_type", "deepseek_v3"}}));
  CHECK(has(v3, "model.layers.0.mlp.up_proj.weight", {18432, 7168}));
  CHECK(has(v3, "model.layers.3.mlp.gate.e_score_correction_bias", {256}));
  CHECK(has(v3, "model.layers.60.self_attn.kv_b_proj.weight", {32768, 512}));
  CHECK(has(v3, "model.layers.60.self_attn.kv_a_proj_with_mqa.weight", {576, 7168}));
  CHECK(has(v3, "model.layers.60.mlp.shared_experts.gate_proj.weight", {2048, 7168}));
  CHECK(has(v3, "model.layers.61.eh_proj.weight", {7168, 14336}));
  CHECK(has(v3, "model.layers.61.shared_head.norm.weight", {7168}));
  CHECK(has(v3, "model.layers.61.mlp.experts.255.up_proj.weight", {2048, 7168}));
  const auto v2 = expected_tensors(
      parse({{"model_type", "deepseek_v2"}, {"q_lora_rank", nullptr}, {"num_experts_per_tok", 6}}));
  CHECK(has(v2, "model.layers.0.self_attn.q_proj.weight", {32 * 192, 4096}));
  CHECK_FALSE(has(v2, "model.layers.0.mlp.gate.e_score_correction_bias", {64}));
}

TEST_CASE("tensor names: copies inside MTP modules and a tied head are skipped, others are not") {
  const ModelConfig v3 = parse({{"model_type", "deepseek_v3"}});
  CHECK(is_redundant_tensor(v3, "model.layers.61.embed_tokens.weight"));
  CHECK(is_redundant_tensor(v3, "model.layers.61.shared_head.head.weight"));
  CHECK_FALSE(is_redundant_tensor(v3, "model.layers.61.shared_head.norm.weight"));
  CHECK_FALSE(is_redundant_tensor(v3, "model.layers.60.embed_tokens.weight"));
  CHECK_FALSE(is_redundant_tensor(v3, "lm_head.weight"));
  ModelConfig tied = v3;
  tied.tie_word_embeddings = true;
  CHECK(is_redundant_tensor(tied, "lm_head.weight"));
  CHECK(is_redundant_tensor(tied, "model.layers.0.self_attn.rotary_emb.inv_freq"));
}

}  // namespace lockstep::model
