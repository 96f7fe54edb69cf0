// SPDX-License-Identifier: Apache-2.0
// GGUF metadata -> config.json, so that one parser checks both.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "model/gguf_metadata.h"
#include "model/gguf_names.h"
#include "model/gguf_rope_factors.h"

namespace lockstep::model {
namespace {

using base::Json;

bool has_tensor(const GgufFile& file, const std::string& name) {
  return std::any_of(file.tensors.begin(), file.tensors.end(), [&](const auto& tensor) { return tensor.name == name; });
}

std::pair<std::string, Family> architecture(const GgufMetadata& metadata) {
  const std::string* name = metadata.text("general.architecture");
  std::vector<std::string> known;
  for (const auto& [gguf, family] : kGgufArchitectures) {
    if (name != nullptr && *name == gguf) return {gguf, family};
    known.emplace_back(gguf);
  }
  metadata.refuse("general.architecture",
                  name == nullptr ? std::string("general.architecture is missing")
                                  : cat("the architecture \"", base::printable(*name), "\" is not supported"),
                  cat("give a file of one of the architectures ", base::join(known, ", ")));
}

Json llama3_scaling(const GgufMetadata& metadata, double theta, const std::vector<float>& factors) {
  const auto scaling = llama3_settings(factors, theta);
  if (!scaling) {
    metadata.refuse("rope_freqs.weight", "the tensor rope_freqs.weight holds no Llama 3 scaling of a length of 8192",
                    "use the original checkpoint of the model");
  }
  return {{"rope_type", "llama3"},
          {"factor", scaling->factor},
          {"low_freq_factor", scaling->low_freq_factor},
          {"high_freq_factor", scaling->high_freq_factor},
          {"original_max_position_embeddings", scaling->original_max_position_embeddings}};
}

Json rope_scaling(const GgufMetadata& metadata, const std::string& arch) {
  const std::string prefix = arch + ".rope.scaling.";
  const std::string* type = metadata.text(prefix + "type");
  if (type == nullptr || *type == "none") return nullptr;
  Json json = {{"rope_type", *type}, {"factor", metadata.number(prefix + "factor").value_or(1.0)}};
  if (*type == "linear") return json;
  if (*type != "yarn") {
    metadata.refuse(prefix + "type", cat("the RoPE scaling \"", base::printable(*type), "\" is not supported"),
                    "give a file with scaling none, linear or yarn");
  }
  if (metadata.number(prefix + "attn_factor").value_or(1.0) != 1.0) {
    metadata.refuse(prefix + "attn_factor", "an attn_factor other than 1 is not supported",
                    "use the original checkpoint");
  }
  json["original_max_position_embeddings"] = metadata.required_integer(prefix + "original_context_length");
  json["beta_fast"] = metadata.number(prefix + "yarn_beta_fast").value_or(32.0);
  json["beta_slow"] = metadata.number(prefix + "yarn_beta_slow").value_or(1.0);
  return json;
}

// Files hold most numbers in f32: the shortest decimal that gives this f32 is what the checkpoint said (1e-05).
double shortest(double value) {
  const auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) != value) return value;
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), narrow).ptr;
  double result = value;
  std::from_chars(text.data(), end, result);
  return result;
}

void add_token_ids(const GgufMetadata& metadata, Json& json) {
  for (const char* name : {"bos", "eos"}) {
    const auto id = metadata.integer(cat("tokenizer.ggml.", name, "_token_id"));
    json[cat(name, "_token_id")] = id ? Json(*id) : Json(nullptr);
  }
  if (const auto pad = metadata.integer("tokenizer.ggml.padding_token_id")) json["pad_token_id"] = *pad;
}

void add_experts(const GgufMetadata& metadata, const std::string& arch, Json& json) {
  json["num_experts"] = metadata.required_integer(arch + ".expert_count");
  json["num_experts_per_tok"] = metadata.required_integer(arch + ".expert_used_count");
  json["moe_intermediate_size"] = metadata.required_integer(arch + ".expert_feed_forward_length");
  json["norm_topk_prob"] = true;  // llama.cpp knows no other way for this architecture
  // Every layer routes; files may leave the unused dense width out.
  json["intermediate_size"] = metadata.integer(arch + ".feed_forward_length").value_or(json["moe_intermediate_size"]);
}

void refuse_other_shapes(const GgufMetadata& metadata, const std::string& arch, int64_t head_dim) {
  const auto value_length = metadata.integer(arch + ".attention.value_length");
  if (value_length && *value_length != head_dim) {
    metadata.refuse(arch + ".attention.value_length",
                    cat("heads of ", *value_length, " values and ", head_dim, " keys are not supported"),
                    "give a file whose heads have one width");
  }
  const auto rotated = metadata.integer(arch + ".rope.dimension_count");
  if (rotated && *rotated != head_dim) {
    metadata.refuse(arch + ".rope.dimension_count",
                    cat("RoPE on ", *rotated, " of ", head_dim, " dimensions is not supported"),
                    "give a file that rotates whole heads");
  }
  if (metadata.integer(arch + ".attention.sliding_window").value_or(0) != 0) {
    metadata.refuse(arch + ".attention.sliding_window", "sliding windows are not supported",
                    "give a file with full attention in every layer");
  }
  if (arch != "qwen3moe" && metadata.integer(arch + ".expert_count").value_or(0) != 0) {
    metadata.refuse(arch + ".expert_count", cat("experts in the architecture ", arch, " are not supported"),
                    "give a dense file, or one of the architecture qwen3moe");
  }
}

}  // namespace

Json gguf_to_hf_config(const GgufFile& file, const std::string& path, const std::vector<float>& rope_factors) {
  const GgufMetadata metadata(file, path);
  const auto [arch, family] = architecture(metadata);
  const int64_t width = metadata.required_integer(arch + ".embedding_length");
  const int64_t heads = metadata.required_integer(arch + ".attention.head_count");
  const auto key_length = metadata.integer(arch + ".attention.key_length");
  const int64_t head_dim = key_length ? *key_length : (heads > 0 ? width / heads : 0);
  refuse_other_shapes(metadata, arch, head_dim);
  const auto embedding = std::find_if(file.tensors.begin(), file.tensors.end(),
                                      [](const auto& tensor) { return tensor.name == "token_embd.weight"; });
  if (embedding == file.tensors.end() || embedding->shape.size() != 2) {
    throw Error("the file has no matrix token_embd.weight", cat(path, ": tensor token_embd.weight"),
                "give a file with the whole model");
  }
  const double theta = shortest(metadata.number(arch + ".rope.freq_base").value_or(10000.0));
  Json json = {
      {"model_type", family_name(family)},
      {"vocab_size", embedding->shape[0]},
      {"hidden_size", width},
      {"num_hidden_layers", metadata.required_integer(arch + ".block_count")},
      {"num_attention_heads", heads},
      {"num_key_value_heads", metadata.integer(arch + ".attention.head_count_kv").value_or(heads)},
      {"head_dim", head_dim},
      {"max_position_embeddings", metadata.required_integer(arch + ".context_length")},
      {"rms_norm_eps", shortest(metadata.number(arch + ".attention.layer_norm_rms_epsilon").value_or(1e-6))},
      {"rope_theta", theta},
      {"rope_scaling",
       rope_factors.empty() ? rope_scaling(metadata, arch) : llama3_scaling(metadata, theta, rope_factors)},
      {"tie_word_embeddings", !has_tensor(file, "output.weight")},
      {"attention_bias", family != Family::qwen2 && has_tensor(file, "blk.0.attn_q.bias")},
  };
  if (family == Family::qwen3_moe) {
    add_experts(metadata, arch, json);
  } else {
    json["intermediate_size"] = metadata.required_integer(arch + ".feed_forward_length");
  }
  add_token_ids(metadata, json);
  return json;
}

}  // namespace lockstep::model
