// SPDX-License-Identifier: Apache-2.0
// Cross-key rules of a model config, and refusals by name.
#include "model/config_checks.h"

#include "base/text.h"

namespace lockstep::model {
namespace {

using base::Json;

void require(bool is_fine,
             const ConfigReader& reader,
             const std::string& key,
             const std::string& what,
             const std::string& fix) {
  if (!is_fine) reader.refuse(key, what, fix);
}

bool has_architecture(const ConfigReader& reader, const char* ending) {
  const Json* architectures = reader.find("architectures");
  if (architectures == nullptr || !architectures->is_array()) return false;
  for (const Json& name : *architectures) {
    if (name.is_string() && name.get<std::string>().ends_with(ending)) return true;
  }
  return false;
}

// The ways of routing that the family's own code and transformers agree on.
void check_routing_method(const ConfigReader& reader, const ModelConfig& config) {
  const bool is_v3 = config.family == Family::deepseek_v3;
  require(is_v3 ? config.topk_method == "noaux_tc"
                : config.topk_method == "greedy" || config.topk_method == "group_limited_greedy",
          reader, "topk_method",
          cat("topk_method \"", base::printable(config.topk_method), "\" is not supported for ",
              family_name(config.family)),
          is_v3 ? "use noaux_tc" : "use greedy or group_limited_greedy");
  require(config.scoring_func == (is_v3 ? "sigmoid" : "softmax"), reader, "scoring_func",
          cat("scoring_func \"", base::printable(config.scoring_func), "\" is not supported for ",
              family_name(config.family)),
          is_v3 ? "use sigmoid" : "use softmax");
  require(is_v3 || !config.norm_topk_prob, reader, "norm_topk_prob",
          "norm_topk_prob = true is not supported for deepseek_v2: transformers ignores it, DeepSeek's own "
          "code does not",
          "set it to false");
  require(config.moe_layer_freq == 1, reader, "moe_layer_freq",
          cat("moe_layer_freq = ", config.moe_layer_freq,
              " is not supported: transformers ignores it, DeepSeek's own code does not"),
          "use a model with moe_layer_freq 1");
}

}  // namespace

void require_causal_lm(const ConfigReader& reader) {
  const Json* architectures = reader.find("architectures");
  if (architectures == nullptr || !architectures->is_array() || architectures->empty()) return;
  require(has_architecture(reader, "ForCausalLM"), reader, "architectures",
          "the model is not a causal language model (no architecture ends in ForCausalLM)",
          "give a ...ForCausalLM checkpoint");
}

void require_reward_model(const ConfigReader& reader) {
  require(has_architecture(reader, "ForSequenceClassification"), reader, "architectures",
          "the model is not a reward model (no architecture ends in ForSequenceClassification)",
          "give a ...ForSequenceClassification checkpoint with one label");
  const Json* labels = reader.find("id2label");
  const bool has_list = labels != nullptr && labels->is_object();
  // transformers counts the names and assumes two where there are none.
  const int64_t count = has_list ? static_cast<int64_t>(labels->size()) : reader.integer("num_labels", 2, {1, int64_t{1} << 20});
  require(count == 1, reader, has_list ? "id2label" : "num_labels",
          cat("the classifier has ", count, " labels, a reward model has 1"), "give a checkpoint with num_labels 1");
}

void refuse_unsupported_features(const ConfigReader& reader) {
  require(!reader.has("quantization_config"), reader, "quantization_config",
          "quantized checkpoints (quantization_config) are not supported",
          "convert the weights to bfloat16 or float32 first and remove the key");
  const std::string act = reader.text("hidden_act", "silu");
  require(act == "silu", reader, "hidden_act",
          cat("hidden_act \"", base::printable(act), "\" is not supported"),
          "use a model with hidden_act \"silu\"");
  require(!reader.flag("mlp_bias", false), reader, "mlp_bias", "mlp_bias = true is not supported",
          "use a model without biases in its MLPs");
  require(reader.number("partial_rotary_factor", 1.0, 0.0, 1.0) == 1.0, reader, "partial_rotary_factor",
          "partial_rotary_factor other than 1 is not supported", "use a model that rotates whole heads");
}

void refuse_sliding_windows(const ConfigReader& reader, const ModelConfig& config) {
  if (config.family == Family::llama || config.is_mla()) return;  // these classes have no windows
  const std::string fix = "use a model with full attention in every layer";
  if (reader.flag("use_sliding_window", false)) {
    const bool has_window = reader.find("sliding_window") == nullptr || reader.has("sliding_window");
    const int64_t first = config.family == Family::qwen3_moe
                              ? 0
                              : reader.integer("max_window_layers", 28, {0, int64_t{1} << 30});
    require(!has_window || first >= config.num_hidden_layers, reader, "use_sliding_window",
            cat("sliding windows are in use from layer ", first, " and are not supported"), fix);
  }
  const Json* types = reader.find("layer_types");
  if (types == nullptr || !types->is_array()) return;
  for (const Json& type : *types) {
    require(type == "full_attention", reader, "layer_types",
            "a layer type other than full_attention is not supported", fix);
  }
}

void check_shapes(const ConfigReader& reader, const ModelConfig& config) {
  const int64_t heads = config.num_attention_heads, kv_heads = config.num_key_value_heads;
  if (config.is_mla()) {
    require(kv_heads == heads, reader, "num_key_value_heads",
            cat("num_key_value_heads = ", kv_heads, ", num_attention_heads = ", heads,
                "; latent attention has as many of one as of the other"),
            "make the two equal or remove num_key_value_heads");
  } else {
    require(heads % kv_heads == 0, reader, "num_key_value_heads",
            cat("num_attention_heads = ", heads, " is not a multiple of num_key_value_heads = ", kv_heads),
            "make num_attention_heads a multiple of num_key_value_heads");
  }
  const char* key = config.is_mla() ? "qk_rope_head_dim" : "head_dim";
  require(config.head_dim % 2 == 0, reader, key,
          cat(key, " = ", config.head_dim, " is odd; RoPE rotates pairs"), "use an even width");
  if (config.family == Family::llama || config.family == Family::deepseek_v2) {
    require(config.hidden_size % heads == 0, reader, "hidden_size",
            cat("hidden_size = ", config.hidden_size, " is not a multiple of num_attention_heads = ", heads,
                ", which transformers demands of this family"),
            "make hidden_size a multiple of num_attention_heads");
  }
  constexpr int64_t kMaxTensors = 1'000'000;
  const int64_t layers = config.num_hidden_layers + config.num_nextn_predict_layers;
  require(layers * (config.num_experts * 3 + 24) <= kMaxTensors, reader, "num_hidden_layers",
          cat(layers, " layers of ", config.num_experts, " experts are more than ", kMaxTensors, " tensors"),
          "use fewer layers or experts");
}

void check_router(const ConfigReader& reader, const ModelConfig& config) {
  const int64_t experts = config.num_experts, groups = config.n_group, kept = config.topk_group;
  int64_t candidates = experts;
  if (config.topk_method != "greedy") {
    require(experts % groups == 0, reader, "n_group",
            cat(experts, " experts cannot be split into n_group = ", groups, " equal groups"),
            "make the number of experts a multiple of n_group");
    require(kept <= groups, reader, "topk_group",
            cat("topk_group = ", kept, " is more than n_group = ", groups),
            "make topk_group at most n_group");
    require(config.family != Family::deepseek_v3 || experts / groups >= 2, reader, "n_group",
            cat("n_group = ", groups, " leaves fewer than 2 of ", experts,
                " experts in a group; a group's score is the sum of its best two"),
            "use fewer groups");
    candidates = experts / groups * kept;
  }
  require(config.num_experts_per_tok <= candidates, reader, "num_experts_per_tok",
          cat("num_experts_per_tok = ", config.num_experts_per_tok, " but only ", candidates,
              " experts can be chosen from"),
          "make num_experts_per_tok at most the number of experts in the kept groups");
  if (config.family != Family::qwen3_moe) check_routing_method(reader, config);
}

}  // namespace lockstep::model
