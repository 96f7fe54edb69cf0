// SPDX-License-Identifier: Apache-2.0
// The keys that llama.cpp's loader looks for.
#include "model/gguf_write_metadata.h"

#include "base/error.h"
#include "base/text.h"
#include "model/gguf_names.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {
namespace {

// llama.cpp's numbers of file types (general.file_type).
int64_t file_type(GgufType type) {
  switch (type) {
    case GgufType::f32:
      return 0;
    case GgufType::f16:
      return 1;
    case GgufType::q8_0:
      return 7;
    case GgufType::bf16:
      return 32;
  }
  LOCKSTEP_CHECK(false, "unknown GGUF type");
}

std::string architecture(const std::string& file, const ModelConfig& config) {
  for (const auto& [name, family] : kGgufArchitectures) {
    if (family == config.family) return name;
  }
  throw Error(cat("a ", family_name(config.family), " model cannot be written as GGUF"), file,
              "write a Hugging Face folder");
}

void refuse_differences(const std::string& file, const ModelConfig& config) {
  if (config.has_qk_norm() && config.attention_bias) {
    throw Error("llama.cpp knows no attention biases in Qwen 3 models", file, "write a Hugging Face folder");
  }
  const RopeScaling& rope = config.rope_scaling;
  if (rope.rope_type == "yarn" && (rope.mscale || rope.mscale_all_dim || rope.attention_factor || !rope.truncate)) {
    throw Error("YaRN with mscale, attention_factor or truncate = false has no keys in a GGUF file", file,
                "write a Hugging Face folder");
  }
  if (config.family != Family::qwen3_moe) return;
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    if (config.is_moe_layer(layer)) continue;
    throw Error(cat("layer ", layer, " has no experts, llama.cpp expects them in every layer of this family"), file,
                "write a Hugging Face folder");
  }
  if (!config.norm_topk_prob) {
    throw Error("norm_topk_prob = false, llama.cpp always renormalises in this family", file,
                "write a Hugging Face folder");
  }
}

void add_rope(const ModelConfig& config, const std::string& arch, GgufPairs& pairs) {
  const RopeScaling& scaling = config.rope_scaling;
  pairs.add_f32(arch + ".rope.freq_base", config.rope_theta);
  pairs.add_u32(arch + ".rope.dimension_count", config.head_dim);
  if (scaling.rope_type != "linear" && scaling.rope_type != "yarn") return;  // llama3: rope_freqs.weight
  pairs.add(arch + ".rope.scaling.type", scaling.rope_type);
  pairs.add_f32(arch + ".rope.scaling.factor", scaling.factor);
  if (scaling.rope_type == "linear") return;
  pairs.add_u32(arch + ".rope.scaling.original_context_length", scaling.original_max_position_embeddings);
  pairs.add_f32(arch + ".rope.scaling.yarn_beta_fast", scaling.beta_fast);
  pairs.add_f32(arch + ".rope.scaling.yarn_beta_slow", scaling.beta_slow);
}

void add_sizes(const ModelConfig& config, const std::string& arch, GgufPairs& pairs) {
  pairs.add_u32(arch + ".vocab_size", config.vocab_size);
  pairs.add_u32(arch + ".context_length", config.max_position_embeddings);
  pairs.add_u32(arch + ".embedding_length", config.hidden_size);
  pairs.add_u32(arch + ".block_count", config.num_hidden_layers);
  pairs.add_u32(arch + ".feed_forward_length", config.intermediate_size);
  pairs.add_u32(arch + ".attention.head_count", config.num_attention_heads);
  pairs.add_u32(arch + ".attention.head_count_kv", config.num_key_value_heads);
  pairs.add_u32(arch + ".attention.key_length", config.head_dim);
  pairs.add_u32(arch + ".attention.value_length", config.head_dim);
  pairs.add_f32(arch + ".attention.layer_norm_rms_epsilon", config.rms_norm_eps);
  if (config.num_experts == 0) return;
  pairs.add_u32(arch + ".expert_count", config.num_experts);
  pairs.add_u32(arch + ".expert_used_count", config.num_experts_per_tok);
  pairs.add_u32(arch + ".expert_feed_forward_length", config.moe_intermediate_size);
}

void add_token_ids(const ModelConfig& config, const TokenizerParts& parts, GgufPairs& pairs) {
  const auto add = [&](const char* name, std::optional<int64_t> id) {
    if (id) pairs.add_u32(cat("tokenizer.ggml.", name, "_token_id"), *id);
  };
  // What the model was configured with wins: instruction-tuned models end turns with another token than the tokenizer's.
  add("bos", config.bos_token_id ? config.bos_token_id : std::optional<int64_t>(parts.bos));
  add("eos", config.eos_token_id.empty() ? std::optional<int64_t>(parts.eos) : config.eos_token_id.front());
  add("padding", config.pad_token_id ? config.pad_token_id : std::optional<int64_t>(parts.pad));
  add("unknown", parts.unk);
}

void add_tokenizer(const std::string& file, const ModelConfig& config, TokenizerParts parts, GgufPairs& pairs) {
  const auto vocabulary = static_cast<size_t>(config.vocab_size);
  if (parts.pieces.size() > vocabulary) {
    throw Error(cat("the tokenizer has ", parts.pieces.size(), " tokens, the embedding ", vocabulary, " rows"), file,
                "use the tokenizer that belongs to the model");
  }
  const bool is_sentencepiece = parts.model == TokenizerParts::Model::sentencepiece_bpe;
  // Embeddings are often padded to a round size: the rows without a token get a name that no text contains.
  for (size_t id = parts.pieces.size(); id < vocabulary; ++id) {
    parts.pieces.push_back(cat("[PAD", id, "]"));
    parts.kinds.push_back(PieceKind::unused);
    if (is_sentencepiece) parts.scores.push_back(-1000.0f);
  }
  std::vector<int32_t> kinds;
  for (const PieceKind kind : parts.kinds) kinds.push_back(static_cast<int32_t>(kind));
  pairs.add("tokenizer.ggml.model", std::string(is_sentencepiece ? "llama" : "gpt2"));
  pairs.add("tokenizer.ggml.pre", is_sentencepiece ? std::string("default") : parts.pre);
  pairs.add("tokenizer.ggml.tokens", parts.pieces);
  pairs.add_i32s("tokenizer.ggml.token_type", kinds);
  if (is_sentencepiece) {
    pairs.add_f32s("tokenizer.ggml.scores", parts.scores);
    pairs.add_bool("tokenizer.ggml.add_space_prefix", parts.add_space_prefix);
  } else {
    pairs.add("tokenizer.ggml.merges", parts.merges);
  }
  pairs.add_bool("tokenizer.ggml.add_bos_token", parts.add_bos);
  add_token_ids(config, parts, pairs);
}

}  // namespace

GgufPairs gguf_metadata_of(const std::string& file,
                           const ModelConfig& config,
                           const Tokenizer* tokenizer,
                           GgufType type) {
  const std::string arch = architecture(file, config);
  refuse_differences(file, config);
  GgufPairs pairs;
  pairs.add("general.architecture", arch);
  pairs.add("general.type", std::string("model"));
  pairs.add_u32("general.file_type", file_type(type));
  pairs.add_u32("general.quantization_version", 2);
  add_sizes(config, arch, pairs);
  add_rope(config, arch, pairs);
  if (tokenizer == nullptr) {
    pairs.add("tokenizer.ggml.model", std::string("no_vocab"));
  } else {
    add_tokenizer(file, config, tokenizer_parts(*tokenizer), pairs);
  }
  return pairs;
}

}  // namespace lockstep::model
