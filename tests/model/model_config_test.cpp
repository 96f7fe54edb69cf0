// SPDX-License-Identifier: Apache-2.0
// config.json -> ModelConfig -> config.json: both forms of transformers, class defaults, refusals by name.
#include "model/model_config.h"

#include <doctest/doctest.h>

#include "tests/support/errors.h"

namespace lockstep::model {
namespace {

using base::Json;
using test::check_error;

Json tiny(const std::string& type) {
  Json json = {{"model_type", type},     {"vocab_size", 64},        {"hidden_size", 32},
               {"num_hidden_layers", 3}, {"intermediate_size", 48}, {"num_attention_heads", 4}};
  if (type.starts_with("qwen")) json["num_key_value_heads"] = 2;
  if (type.starts_with("deepseek")) {
    json.update({{"n_routed_experts", 8}, {"num_experts_per_tok", 2}, {"n_group", 4}, {"topk_group", 2}});
  }
  return json;
}

ModelConfig parse(const Json& json) { return parse_model_config(json, "config.json"); }

void refused(const Json& json, const std::string& what, const std::string& where, const std::string& fix) {
  CAPTURE(json.dump());
  check_error([&] { parse(json); }, what, "config.json: " + where, fix);
}

// `tiny(type)` with one key replaced.
Json with(const std::string& type, const std::string& key, const Json& value) {
  Json json = tiny(type);
  json[key] = value;
  return json;
}

const std::vector<std::string> kTypes = {"llama",     "qwen2",       "qwen3",
                                         "qwen3_moe", "deepseek_v2", "deepseek_v3"};

}  // namespace

TEST_CASE("model config: what is written is read back the same, for every family") {
  for (const std::string& type : kTypes) {
    for (const Json& rope : {Json(nullptr), Json{{"type", "linear"}, {"factor", 2.0}},
                             Json{{"rope_type", "yarn"},
                                  {"factor", 40},
                                  {"original_max_position_embeddings", 4096},
                                  {"mscale", 1.0},
                                  {"mscale_all_dim", 0.707},
                                  {"truncate", false}},
                             Json{{"rope_type", "llama3"},
                                  {"factor", 8.0},
                                  {"low_freq_factor", 1.0},
                                  {"high_freq_factor", 4.0},
                                  {"original_max_position_embeddings", 8192}}}) {
      const ModelConfig first = parse(with(type, "rope_scaling", rope));
      const Json written = to_hf_config(first);
      const ModelConfig second = parse(written);
      CHECK(to_hf_config(second) == written);
      CHECK(family_name(second.family) == type);
      CHECK(second.rope_scaling.factor == first.rope_scaling.factor);
      CHECK(second.num_experts == first.num_experts);
      CHECK(second.q_lora_rank == first.q_lora_rank);
    }
  }
}

TEST_CASE("model config: absent keys take the class defaults of transformers 5.23.0") {
  const ModelConfig llama = parse({{"model_type", "llama"}});
  CHECK(llama.vocab_size == 32000);
  CHECK(llama.intermediate_size == 11008);
  CHECK(llama.num_key_value_heads == 32);
  CHECK(llama.head_dim == 128);
  CHECK(llama.rms_norm_eps == 1e-6);
  CHECK(llama.rope_theta == 10000.0);
  CHECK(llama.bos_token_id == 1);
  CHECK(llama.eos_token_id == std::vector<int64_t>{2});
  const ModelConfig qwen3 = parse({{"model_type", "qwen3"}});
  CHECK(qwen3.head_dim == 128);
  CHECK(qwen3.max_position_embeddings == 32768);
  CHECK_FALSE(qwen3.bos_token_id.has_value());
  CHECK(qwen3.eos_token_id.empty());
  const ModelConfig moe = parse({{"model_type", "qwen3_moe"}});
  CHECK(moe.num_key_value_heads == 4);
  CHECK(moe.head_dim == 64);
  CHECK(moe.num_experts == 128);
  CHECK(moe.num_experts_per_tok == 8);
  CHECK(moe.moe_intermediate_size == 768);
  CHECK_FALSE(moe.norm_topk_prob);
  const ModelConfig v2 = parse({{"model_type", "deepseek_v2"}, {"num_experts_per_tok", 6}});
  CHECK(v2.moe_intermediate_size == 1407);
  CHECK(v2.q_lora_rank == 1536);
  CHECK(v2.n_shared_experts == 2);
  CHECK(v2.first_k_dense_replace == 0);
  CHECK(v2.topk_method == "greedy");
  CHECK(v2.num_nextn_predict_layers == 0);
  const ModelConfig v3 = parse({{"model_type", "deepseek_v3"}});
  CHECK(v3.num_hidden_layers == 61);
  CHECK(v3.num_experts == 256);
  CHECK(v3.first_k_dense_replace == 3);
  CHECK(v3.routed_scaling_factor == 2.5);
  CHECK(v3.norm_topk_prob);
  CHECK(v3.n_group == 8);
  CHECK(v3.topk_group == 4);
  CHECK(v3.topk_method == "noaux_tc");
  CHECK(v3.scoring_func == "sigmoid");
  CHECK(v3.num_nextn_predict_layers == 1);
  CHECK(v3.qk_head_dim() == 192);
  CHECK(v3.rope_interleave);
}

TEST_CASE("model config: the two forms of RoPE settings give the same model") {
  Json old_form = tiny("llama");
  old_form["rope_theta"] = 500000.0;
  old_form["rope_scaling"] = {{"rope_type", "llama3"},
                              {"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 8192}};
  Json new_form = tiny("llama");
  new_form["rope_parameters"] = old_form["rope_scaling"];
  new_form["rope_parameters"]["rope_theta"] = 500000.0;
  CHECK(to_hf_config(parse(old_form)) == to_hf_config(parse(new_form)));
  CHECK(parse(new_form).rope_theta == 500000.0);
  CHECK(parse(new_form).rope_scaling.original_max_position_embeddings == 8192);
  // transformers: rope_scaling wins over rope_parameters, the theta inside wins over the one outside.
  new_form["rope_scaling"] = {{"type", "linear"}, {"factor", 3}};
  new_form["rope_theta"] = 7000;
  CHECK(parse(new_form).rope_scaling.rope_type == "linear");
  CHECK(parse(new_form).rope_theta == 7000.0);
  // The trained length defaults to the served length, and stands outside the dictionary in some files.
  Json yarn = with("qwen2", "rope_scaling", {{"type", "yarn"}, {"factor", nullptr}});
  yarn["max_position_embeddings"] = 4096;
  CHECK(parse(yarn).rope_scaling.original_max_position_embeddings == 4096);
  yarn["original_max_position_embeddings"] = 1024;
  CHECK(parse(yarn).rope_scaling.original_max_position_embeddings == 1024);
  CHECK(parse(yarn).rope_scaling.factor == 4.0);
}

TEST_CASE("model config: keys that transformers 5 renamed are read under both names") {
  Json v3 = tiny("deepseek_v3");
  v3["num_mtp_layers"] = 2;
  CHECK(parse(v3).num_nextn_predict_layers == 2);
  v3["num_nextn_predict_layers"] = 2;
  CHECK(parse(v3).num_nextn_predict_layers == 2);
  v3["num_nextn_predict_layers"] = 1;
  refused(v3, "num_mtp_layers = 2 but num_nextn_predict_layers = 1", "/num_mtp_layers", "keep one");
  v3 = tiny("deepseek_v3");
  v3.erase("n_routed_experts");
  v3["num_local_experts"] = 16;
  CHECK(parse(v3).num_experts == 16);
  Json v2 = tiny("deepseek_v2");
  v2.erase("n_routed_experts");
  v2["num_experts"] = 12;
  CHECK(parse(v2).num_experts == 12);
  CHECK(parse(with("qwen3_moe", "num_local_experts", 16)).num_experts == 16);
  CHECK(parse(with("llama", "dtype", "bfloat16")).torch_dtype == "bfloat16");
  CHECK(parse(with("llama", "torch_dtype", "torch.float16")).torch_dtype == "float16");
}

TEST_CASE("model config: null is not absent where Hugging Face tells them apart") {
  CHECK(parse(with("deepseek_v3", "q_lora_rank", nullptr)).q_lora_rank == 0);
  CHECK(parse(tiny("deepseek_v3")).q_lora_rank == 1536);
  CHECK_FALSE(parse(with("llama", "bos_token_id", nullptr)).bos_token_id.has_value());
  CHECK(parse(with("llama", "eos_token_id", nullptr)).eos_token_id.empty());
  CHECK(parse(with("llama", "eos_token_id", {5, 7})).eos_token_id == std::vector<int64_t>{5, 7});
  CHECK_FALSE(parse(with("llama", "pad_token_id", -1)).pad_token_id.has_value());
}

TEST_CASE("model config: which layers route to experts") {
  ModelConfig v3 = parse(with("deepseek_v3", "first_k_dense_replace", 1));
  CHECK_FALSE(v3.is_moe_layer(0));
  CHECK(v3.is_moe_layer(1));
  CHECK(v3.is_moe_layer(2));
  CHECK(v3.is_moe_layer(3));  // the MTP module is built like the last layer
  v3.first_k_dense_replace = 3;
  CHECK_FALSE(v3.is_moe_layer(3));
  Json qwen = with("qwen3_moe", "decoder_sparse_step", 2);
  qwen["num_hidden_layers"] = 6;
  qwen["mlp_only_layers"] = {3};
  const ModelConfig moe = parse(qwen);
  for (int64_t layer = 0; layer < 6; ++layer) CHECK(moe.is_moe_layer(layer) == (layer == 1 || layer == 5));
  CHECK_FALSE(parse(tiny("llama")).is_moe_layer(0));
}

TEST_CASE("model config: sliding windows are refused only when they are in use") {
  CHECK_NOTHROW(parse(with("qwen2", "sliding_window", 4096)));
  Json json = with("qwen2", "use_sliding_window", true);
  CHECK_NOTHROW(parse(json));  // max_window_layers defaults to 28, the model has 3 layers
  json["max_window_layers"] = 2;
  refused(json, "sliding windows are in use from layer 2", "/use_sliding_window", "full attention");
  json["sliding_window"] = nullptr;
  CHECK_NOTHROW(parse(json));
  refused(with("qwen3", "layer_types", {"full_attention", "sliding_attention", "full_attention"}),
          "layer type other than full_attention", "/layer_types", "full attention");
}

TEST_CASE("model config: unsupported features are refused by name") {
  refused({{"hidden_size", 32}}, "model_type is missing", "/model_type", "llama, qwen2, qwen3");
  refused(with("llama", "model_type", "gpt2"), "\"gpt2\" is not supported", "/model_type", "deepseek_v3");
  refused(with("llama", "quantization_config", {{"quant_method", "fp8"}}), "quantized checkpoints",
          "/quantization_config", "bfloat16");
  refused(with("llama", "hidden_act", "gelu"), "hidden_act \"gelu\"", "/hidden_act", "silu");
  refused(with("llama", "mlp_bias", true), "mlp_bias = true", "/mlp_bias", "without biases");
  refused(with("llama", "partial_rotary_factor", 0.5), "partial_rotary_factor", "/partial_rotary_factor",
          "whole heads");
  refused(with("llama", "architectures", {"LlamaForSequenceClassification"}), "not a causal language model",
          "/architectures", "ForCausalLM");
  refused(with("deepseek_v3", "attention_bias", true), "attention_bias = true", "/attention_bias", "without");
  refused(with("deepseek_v3", "topk_method", "greedy"), "topk_method \"greedy\"", "/topk_method", "noaux_tc");
  refused(with("deepseek_v2", "topk_method", "noaux_tc"), "topk_method \"noaux_tc\"", "/topk_method",
          "greedy");
  refused(with("deepseek_v2", "scoring_func", "sigmoid"), "scoring_func \"sigmoid\"", "/scoring_func",
          "softmax");
  refused(with("deepseek_v3", "scoring_func", "softmax"), "scoring_func \"softmax\"", "/scoring_func",
          "sigmoid");
  refused(with("deepseek_v2", "norm_topk_prob", true), "norm_topk_prob = true", "/norm_topk_prob", "false");
  refused(with("deepseek_v2", "moe_layer_freq", 2), "moe_layer_freq = 2", "/moe_layer_freq",
          "moe_layer_freq 1");
}

TEST_CASE("model config: RoPE settings that would change the rotation are refused by name") {
  refused(with("llama", "rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}), "rope_type \"dynamic\"",
          "/rope_scaling/rope_type", "yarn");
  refused(with("llama", "rope_parameters", {{"rope_type", "default"}, {"mrope_section", {1, 2}}}),
          "\"mrope_section\" is not supported", "/rope_parameters/mrope_section", "no other settings");
  refused(with("llama", "rope_scaling", {{"type", "linear"}}), "factor is missing", "/rope_scaling/factor",
          "add the key");
  refused(with("llama", "rope_scaling", {{"type", "linear"}, {"factor", 0.5}}),
          "factor = 0.5 is out of range", "/rope_scaling/factor", "from 1");
  refused(with("llama", "rope_scaling", "linear"), "must be a JSON object, this is \"linear\"",
          "/rope_scaling", "config.json");
  refused(
      with("llama", "rope_scaling", {{"type", "yarn"}, {"factor", 2}, {"beta_fast", 1}, {"beta_slow", 32}}),
      "beta_fast = 1 is below beta_slow = 32", "/rope_scaling/beta_fast", "at least");
  refused(with("llama", "rope_scaling",
               {{"type", "llama3"}, {"factor", 2}, {"low_freq_factor", 4}, {"high_freq_factor", 4}}),
          "high_freq_factor = 4 is not above", "/rope_scaling/high_freq_factor", "larger");
  refused(with("llama", "rope_scaling", {{"type", "default"}, {"partial_rotary_factor", 0.5}}),
          "partial_rotary_factor", "/rope_scaling/partial_rotary_factor", "whole heads");
}

TEST_CASE("model config: values of the wrong kind or out of range are refused with their path") {
  refused(with("llama", "hidden_size", 32.5), "must be an integer, it is 32.5", "/hidden_size",
          "whole number");
  refused(with("llama", "hidden_size", "32"), "must be an integer, it is \"32\"", "/hidden_size",
          "whole number");
  refused(with("llama", "hidden_size", -32), "hidden_size = -32 is out of range", "/hidden_size",
          "from 1 to");
  refused(with("llama", "hidden_size", uint64_t{1} << 63), "is out of range", "/hidden_size", "from 1 to");
  refused(with("llama", "num_hidden_layers", 1 << 20), "out of range", "/num_hidden_layers", "to 4096");
  refused(with("llama", "rms_norm_eps", "1e-6"), "must be a number", "/rms_norm_eps", "JSON number");
  refused(with("llama", "rope_theta", 0), "rope_theta = 0 is out of range", "/rope_theta", "use a value");
  refused(with("llama", "tie_word_embeddings", 1), "must be true or false", "/tie_word_embeddings",
          "true or false");
  refused(with("llama", "hidden_act", 3), "must be a string, it is 3", "/hidden_act", "JSON string");
  refused(with("llama", "eos_token_id", {1, "x"}), "must be an integer, it is \"x\"", "/eos_token_id",
          "whole number");
  refused(Json::array({1}), "must be a JSON object, this is a JSON array of size 1", "/", "config.json");
}

TEST_CASE("model config: sizes that do not fit together are refused") {
  refused(with("llama", "num_attention_heads", 5), "not a multiple of num_attention_heads = 5", "/head_dim",
          "head_dim");
  refused(with("llama", "num_key_value_heads", 3), "is not a multiple of num_key_value_heads = 3",
          "/num_key_value_heads", "multiple");
  refused(with("llama", "head_dim", 7), "head_dim = 7 is odd", "/head_dim", "even");
  refused(with("deepseek_v3", "qk_rope_head_dim", 7), "qk_rope_head_dim = 7 is odd", "/qk_rope_head_dim",
          "even");
  Json ragged = with("llama", "hidden_size", 30);
  ragged["head_dim"] = 8;
  refused(ragged, "hidden_size = 30 is not a multiple", "/hidden_size", "multiple");
  refused(with("deepseek_v3", "num_key_value_heads", 2), "num_key_value_heads = 2", "/num_key_value_heads",
          "equal");
  refused(with("deepseek_v3", "n_group", 3), "8 experts cannot be split into n_group = 3", "/n_group",
          "multiple");
  refused(with("deepseek_v3", "n_group", 8), "fewer than 2 of 8 experts", "/n_group", "fewer groups");
  refused(with("deepseek_v3", "topk_group", 5), "topk_group = 5 is more than n_group = 4", "/topk_group",
          "at most");
  refused(with("deepseek_v3", "num_experts_per_tok", 5), "only 4 experts can be chosen",
          "/num_experts_per_tok", "at most");
  Json missing = tiny("deepseek_v2");
  missing.erase("num_experts_per_tok");
  refused(missing, "num_experts_per_tok is missing", "/num_experts_per_tok", "add the key");
  Json huge = with("deepseek_v3", "n_routed_experts", 65536);
  huge["num_hidden_layers"] = 4000;
  refused(huge, "more than 1000000 tensors", "/num_hidden_layers", "fewer layers");
}

}  // namespace lockstep::model
