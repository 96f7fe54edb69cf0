// SPDX-License-Identifier: Apache-2.0
// Parsing of config.json: class defaults of transformers 5.23.0 for absent keys, refusals by name for the
// rest.
#include "model/model_config.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "model/config_checks.h"
#include "model/config_reader.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr int64_t kMaxLayers = 4096, kMaxWidth = int64_t{1} << 20, kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxHeads = int64_t{1} << 14, kMaxHeadDim = int64_t{1} << 13,
                  kMaxExperts = int64_t{1} << 16;
constexpr int64_t kMaxPositions = int64_t{1} << 40;
constexpr ConfigReader::Bounds kWidth{1, kMaxWidth}, kToken{0, kMaxVocabulary};

// What transformers 5.23.0's configuration class assumes for an absent key. 0 heads of a kind: as many as
// query heads.
struct FamilyDefaults {
  Family family;
  const char* name;
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads,
      num_key_value_heads;
  int64_t head_dim;  // 0: hidden_size / num_attention_heads
  int64_t max_position_embeddings;
  std::optional<int64_t> bos, eos;
};
constexpr std::optional<int64_t> kNone;
constexpr std::array<FamilyDefaults, 6> kFamilies{{
    {Family::llama, "llama", 32000, 4096, 11008, 32, 32, 0, 0, 2048, 1, 2},
    {Family::qwen2, "qwen2", 151936, 4096, 22016, 32, 32, 32, 0, 32768, kNone, kNone},
    {Family::qwen3, "qwen3", 151936, 4096, 22016, 32, 32, 32, 128, 32768, kNone, kNone},
    {Family::qwen3_moe, "qwen3_moe", 151936, 2048, 6144, 24, 32, 4, 0, 32768, kNone, kNone},
    {Family::deepseek_v2, "deepseek_v2", 102400, 4096, 11008, 32, 32, 0, 0, 2048, 1, 2},
    {Family::deepseek_v3, "deepseek_v3", 129280, 7168, 18432, 61, 128, 0, 0, 4096, 0, 1},
}};

const FamilyDefaults& defaults_of(const ConfigReader& reader) {
  const std::string name = reader.text("model_type", "");
  std::vector<std::string> names;
  for (const FamilyDefaults& defaults : kFamilies) {
    if (name == defaults.name) return defaults;
    names.emplace_back(defaults.name);
  }
  reader.refuse("model_type",
                name.empty() ? "model_type is missing"
                             : cat("model_type \"", base::printable(name), "\" is not supported"),
                cat("use a model of one of the types ", base::join(names, ", ")));
}

void read_sizes(const ConfigReader& reader, const FamilyDefaults& defaults, ModelConfig& config) {
  config.vocab_size = reader.integer("vocab_size", defaults.vocab_size, {1, kMaxVocabulary});
  config.hidden_size = reader.integer("hidden_size", defaults.hidden_size, kWidth);
  config.intermediate_size = reader.integer("intermediate_size", defaults.intermediate_size, kWidth);
  config.num_hidden_layers = reader.integer("num_hidden_layers", defaults.num_hidden_layers, {1, kMaxLayers});
  config.num_attention_heads =
      reader.integer("num_attention_heads", defaults.num_attention_heads, {1, kMaxHeads});
  const int64_t kv_heads =
      defaults.num_key_value_heads > 0 ? defaults.num_key_value_heads : config.num_attention_heads;
  config.num_key_value_heads = reader.integer("num_key_value_heads", kv_heads, {1, kMaxHeads});
  config.max_position_embeddings =
      reader.integer("max_position_embeddings", defaults.max_position_embeddings, {1, kMaxPositions});
  config.rms_norm_eps = reader.number("rms_norm_eps", 1e-6, 0.0, 1.0);
  config.initializer_range = reader.number("initializer_range", 0.02, 0.0, 1.0);
  config.tie_word_embeddings = reader.flag("tie_word_embeddings", false);
}

void read_tokens(const ConfigReader& reader, const FamilyDefaults& defaults, ModelConfig& config) {
  config.bos_token_id =
      reader.find("bos_token_id") != nullptr ? reader.optional_integer("bos_token_id", kToken) : defaults.bos;
  // Some files write -1 for "no padding token".
  config.pad_token_id = reader.optional_integer("pad_token_id", {-1, kMaxVocabulary});
  if (config.pad_token_id == -1) config.pad_token_id.reset();
  if (const auto eos = reader.integers("eos_token_id", kToken)) {
    config.eos_token_id = *eos;
  } else if (defaults.eos) {
    config.eos_token_id = {*defaults.eos};
  }
}

void read_dtype(const ConfigReader& reader, ModelConfig& config) {
  std::string dtype = reader.text(reader.alias({"torch_dtype", "dtype"}), "");
  if (dtype.starts_with("torch.")) dtype = dtype.substr(6);
  if (dtype == "float32" || dtype == "bfloat16" || dtype == "float16") config.torch_dtype = dtype;
}

void read_attention(const ConfigReader& reader, const FamilyDefaults& defaults, ModelConfig& config) {
  config.attention_bias = defaults.family != Family::qwen2 && reader.flag("attention_bias", false);
  if (const auto head_dim = reader.optional_integer("head_dim", {2, kMaxHeadDim})) {
    config.head_dim = *head_dim;
    return;
  }
  config.head_dim = defaults.head_dim;
  if (config.head_dim > 0) return;
  if (config.hidden_size % config.num_attention_heads != 0) {
    reader.refuse("head_dim",
                  cat("head_dim is missing and hidden_size = ", config.hidden_size,
                      " is not a multiple of num_attention_heads = ", config.num_attention_heads),
                  "write head_dim, or make hidden_size a multiple of num_attention_heads");
  }
  config.head_dim = config.hidden_size / config.num_attention_heads;
}

void read_latent_attention(const ConfigReader& reader, ModelConfig& config) {
  if (reader.flag("attention_bias", false)) {
    reader.refuse("attention_bias", "attention_bias = true is not supported for DeepSeek models",
                  "use a checkpoint without attention biases");
  }
  config.kv_lora_rank = reader.integer("kv_lora_rank", 512, kWidth);
  const bool is_plain = reader.find("q_lora_rank") != nullptr && !reader.has("q_lora_rank");
  config.q_lora_rank = is_plain ? 0 : reader.integer("q_lora_rank", 1536, {0, kMaxWidth});
  config.qk_nope_head_dim = reader.integer("qk_nope_head_dim", 128, {1, kMaxHeadDim});
  config.qk_rope_head_dim = reader.integer("qk_rope_head_dim", 64, {2, kMaxHeadDim});
  config.v_head_dim = reader.integer("v_head_dim", 128, {1, kMaxHeadDim});
  config.head_dim = config.qk_rope_head_dim;  // Hugging Face's meaning of the key for these families
  config.rope_interleave = config.family == Family::deepseek_v2 || reader.flag("rope_interleave", true);
}

void read_qwen_experts(const ConfigReader& reader, ModelConfig& config) {
  config.num_experts =
      reader.integer(reader.alias({"num_experts", "num_local_experts"}), 128, {1, kMaxExperts});
  config.num_experts_per_tok = reader.integer("num_experts_per_tok", 8, {1, kMaxExperts});
  config.moe_intermediate_size = reader.integer("moe_intermediate_size", 768, kWidth);
  config.norm_topk_prob = reader.flag("norm_topk_prob", false);
  config.decoder_sparse_step = reader.integer("decoder_sparse_step", 1, {1, kMaxLayers});
  config.mlp_only_layers =
      reader.integers("mlp_only_layers", {0, kMaxLayers}).value_or(std::vector<int64_t>{});
}

void read_deepseek_experts(const ConfigReader& reader, ModelConfig& config) {
  const bool is_v3 = config.family == Family::deepseek_v3;
  config.num_experts = reader.integer(reader.alias({"n_routed_experts", "num_local_experts", "num_experts"}),
                                      is_v3 ? 256 : 64, {1, kMaxExperts});
  config.num_experts_per_tok = reader.integer(
      "num_experts_per_tok", is_v3 ? std::optional<int64_t>(8) : std::nullopt, {1, kMaxExperts});
  config.moe_intermediate_size = reader.integer("moe_intermediate_size", is_v3 ? 2048 : 1407, kWidth);
  config.n_shared_experts = reader.integer("n_shared_experts", is_v3 ? 1 : 2, {0, kMaxExperts});
  config.first_k_dense_replace = reader.integer("first_k_dense_replace", is_v3 ? 3 : 0, {0, kMaxLayers});
  config.moe_layer_freq = reader.integer("moe_layer_freq", 1, {1, kMaxLayers});
  config.n_group = reader.integer("n_group", is_v3 ? 8 : 1, {1, kMaxExperts});
  config.topk_group = reader.integer("topk_group", is_v3 ? 4 : 1, {1, kMaxExperts});
  config.topk_method = reader.text("topk_method", is_v3 ? "noaux_tc" : "greedy");
  config.scoring_func = reader.text("scoring_func", is_v3 ? "sigmoid" : "softmax");
  config.norm_topk_prob = reader.flag("norm_topk_prob", is_v3);
  config.routed_scaling_factor = reader.number("routed_scaling_factor", is_v3 ? 2.5 : 1.0, 0.0, 1e6);
  if (is_v3) {
    const std::string key = reader.alias({"num_nextn_predict_layers", "num_mtp_layers"});
    config.num_nextn_predict_layers = reader.integer(key, 1, {0, 64});
  }
}

}  // namespace

const char* family_name(Family family) {
  return std::find_if(kFamilies.begin(), kFamilies.end(), [&](const auto& d) { return d.family == family; })
      ->name;
}

bool ModelConfig::is_moe_layer(int64_t layer) const {
  if (num_experts == 0) return false;
  layer = std::min(layer, num_hidden_layers - 1);  // MTP modules are built like the last layer
  if (family == Family::qwen3_moe) {
    const bool is_dense =
        std::find(mlp_only_layers.begin(), mlp_only_layers.end(), layer) != mlp_only_layers.end();
    return !is_dense && (layer + 1) % decoder_sparse_step == 0;
  }
  return layer >= first_k_dense_replace && layer % moe_layer_freq == 0;
}

namespace {

// All but what the head is.
ModelConfig parse_trunk(const ConfigReader& reader) {
  const FamilyDefaults& defaults = defaults_of(reader);
  refuse_unsupported_features(reader);
  ModelConfig config;
  config.family = defaults.family;
  read_sizes(reader, defaults, config);
  read_tokens(reader, defaults, config);
  read_dtype(reader, config);
  switch (config.family) {
    case Family::llama:
    case Family::qwen2:
    case Family::qwen3:
      read_attention(reader, defaults, config);
      break;
    case Family::qwen3_moe:
      read_attention(reader, defaults, config);
      read_qwen_experts(reader, config);
      break;
    case Family::deepseek_v2:
    case Family::deepseek_v3:
      read_latent_attention(reader, config);
      read_deepseek_experts(reader, config);
      break;
  }
  read_rope(reader, config);
  refuse_sliding_windows(reader, config);
  check_shapes(reader, config);
  if (config.num_experts > 0) check_router(reader, config);
  return config;
}

}  // namespace

ModelConfig parse_model_config(const Json& json, const std::string& origin) {
  const ConfigReader reader(json, origin);
  require_causal_lm(reader);
  return parse_trunk(reader);
}

ModelConfig parse_reward_model_config(const Json& json, const std::string& origin) {
  const ConfigReader reader(json, origin);
  require_reward_model(reader);
  ModelConfig config = parse_trunk(reader);
  config.num_labels = 1;
  config.num_nextn_predict_layers = 0;
  return config;
}

}  // namespace lockstep::model
