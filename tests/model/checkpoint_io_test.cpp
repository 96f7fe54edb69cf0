// SPDX-License-Identifier: Apache-2.0
// Model folders: those that transformers wrote open, what we save opens again with equal tensors, what is wrong is named.
#include "model/checkpoint_io.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "model/tensor_names.h"
#include "tests/model/model_fixtures.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::model {
namespace {

namespace fs = std::filesystem;
using base::Json;
using test::check_error;
using test::TempFolder;

void check_equal(const TensorSource& source, const std::vector<NamedTensor>& tensors) {
  CHECK(source.names().size() == tensors.size());
  for (const NamedTensor& named : tensors) {
    CAPTURE(named.name);
    const Tensor read = source.tensor(named.name);
    CHECK((read.scalar_type() == named.tensor.scalar_type()));
    CHECK(at::equal(read, named.tensor));
  }
}

ModelConfig small_v3(int64_t num_mtp) {
  return parse_model_config({{"model_type", "deepseek_v3"},
                             {"vocab_size", 16},
                             {"hidden_size", 8},
                             {"intermediate_size", 12},
                             {"moe_intermediate_size", 4},
                             {"num_hidden_layers", 2},
                             {"num_attention_heads", 2},
                             {"q_lora_rank", nullptr},
                             {"kv_lora_rank", 4},
                             {"qk_nope_head_dim", 4},
                             {"qk_rope_head_dim", 2},
                             {"v_head_dim", 4},
                             {"n_routed_experts", 4},
                             {"num_experts_per_tok", 2},
                             {"n_group", 2},
                             {"topk_group", 1},
                             {"first_k_dense_replace", 1},
                             {"num_nextn_predict_layers", num_mtp}},
                            "small_v3");
}

Json read_json(const TempFolder& folder, const std::string& name) { return base::parse_json_file(folder.path(name)); }

std::vector<std::string> files_of(const TempFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("checkpoint: every folder that transformers wrote opens, with the tensors that we expect") {
  REQUIRE(test::model_fixture_names().size() == 12);
  for (const std::string& name : test::model_fixture_names()) {
    CAPTURE(name);
    const OpenModel opened = open_model(test::model_fixture(name));
    std::set<std::string> expected, grads;
    for (const TensorSpec& spec : expected_tensors(opened.config)) {
      expected.insert(spec.name);
      if (!spec.is_f32) grads.insert("grad." + spec.name);
    }
    const auto& names = opened.tensors->names();
    CHECK(std::set<std::string>(names.begin(), names.end()) == expected);
    CHECK(opened.config.torch_dtype == "float32");
    CHECK(opened.tokenizer == nullptr);
    const auto oracle = open_safetensors(test::model_fixture(name) + "/oracle.safetensors");
    for (const std::string& grad : grads) CHECK(oracle->shape(grad) == opened.tensors->shape(grad.substr(5)));
  }
}

TEST_CASE("checkpoint: a saved folder opens with equal tensors and the same config, in one file or in shards") {
  for (const std::string& name : test::model_fixture_names()) {
    CAPTURE(name);
    const OpenModel first = open_model(test::model_fixture(name));
    const std::vector<NamedTensor> tensors = test::all_tensors(*first.tensors);
    for (const size_t max_bytes : {size_t{1} << 30, size_t{100000}}) {
      const TempFolder folder;
      save_model_folder(folder.path(), first.config, tensors, nullptr, max_bytes);
      const OpenModel second = open_model(folder.path());
      CHECK(to_hf_config(second.config) == to_hf_config(first.config));
      check_equal(*second.tensors, tensors);
      CHECK(second.generation_config["eos_token_id"] == 2);
      CHECK(fs::exists(folder.path("model.safetensors.index.json")) == (max_bytes == 100000));
    }
  }
}

TEST_CASE("checkpoint: shards are named and indexed as Hugging Face does, none above the limit") {
  const OpenModel opened = open_model(test::model_fixture("llama"));
  const TempFolder folder;
  save_model_folder(folder.path(), opened.config, test::all_tensors(*opened.tensors), nullptr, 70000);
  CHECK(files_of(folder) ==
        std::vector<std::string>{"config.json", "generation_config.json", "model-00001-of-00003.safetensors",
                                 "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
                                 "model.safetensors.index.json"});
  const Json index = read_json(folder, "model.safetensors.index.json");
  CHECK(index["metadata"]["total_size"] == 4 * num_parameters(opened.config));
  CHECK(index["weight_map"].size() == expected_tensors(opened.config).size());
  CHECK(fs::file_size(folder.path("model-00001-of-00003.safetensors")) < 70000 + 4096);
}

TEST_CASE("checkpoint: a save replaces the weights of the one before it") {
  const OpenModel opened = open_model(test::model_fixture("llama"));
  std::vector<NamedTensor> tensors = test::all_tensors(*opened.tensors);
  const TempFolder folder;
  folder.write("notes.txt", "kept");
  folder.write("tokenizer.json.tmp-8865-32", "of a save that was killed");
  for (const size_t max_bytes : {size_t{50000}, size_t{1} << 30, size_t{70000}}) {
    tensors[0].tensor = tensors[0].tensor.add(1.0);
    save_model_folder(folder.path(), opened.config, tensors, nullptr, max_bytes);
    check_equal(*open_model(folder.path()).tensors, tensors);
  }
  CHECK(fs::exists(folder.path("notes.txt")));
  CHECK_FALSE(fs::exists(folder.path("model.safetensors")));
  CHECK(files_of(folder).size() == 7);
}

TEST_CASE("checkpoint: config.json says the dtype of the weights, the router bias stays f32") {
  const ModelConfig config = small_v3(1);
  const TempFolder folder;
  save_model_folder(folder.path(), config, test::random_tensors(config, at::kBFloat16), nullptr);
  CHECK(read_json(folder, "config.json")["torch_dtype"] == "bfloat16");
  const OpenModel opened = open_model(folder.path());
  CHECK(opened.config.num_nextn_predict_layers == 1);
  CHECK((opened.tensors->tensor("model.layers.1.mlp.gate.e_score_correction_bias").scalar_type() == at::kFloat));
  CHECK((opened.tensors->tensor("model.layers.2.eh_proj.weight").scalar_type() == at::kBFloat16));
}

TEST_CASE("checkpoint: MTP modules that a checkpoint lacks are dropped, copies inside them are skipped") {
  ModelConfig config = small_v3(1);
  ModelConfig without = config;
  without.num_nextn_predict_layers = 0;
  const TempFolder folder;
  save_model_folder(folder.path(), without, test::random_tensors(without, at::kFloat), nullptr);
  folder.write("config.json", to_hf_config(config).dump());  // says 1, as transformers' class default does
  CHECK(open_model(folder.path()).config.num_nextn_predict_layers == 0);

  std::vector<NamedTensor> tensors = test::random_tensors(config, at::kFloat);
  tensors.push_back({"model.layers.2.embed_tokens.weight", at::ones({16, 8}, at::kFloat)});
  tensors.push_back({"model.layers.2.shared_head.head.weight", at::ones({16, 8}, at::kFloat)});
  write_safetensors(folder.path("model.safetensors"), tensors);
  CHECK(open_model(folder.path()).config.num_nextn_predict_layers == 1);
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [](const auto& t) { return t.name == "model.layers.2.enorm.weight"; }),
                tensors.end());
  write_safetensors(folder.path("model.safetensors"), tensors);
  check_error([&] { open_model(folder.path()); }, "needs the tensor model.layers.2.enorm.weight, which is missing",
              "tensor model.layers.2.enorm.weight", "fetch the missing file");
}

TEST_CASE("checkpoint: tensors that do not fit the config are named with both shapes") {
  const OpenModel opened = open_model(test::model_fixture("llama"));
  const TempFolder folder;
  std::vector<NamedTensor> tensors = test::all_tensors(*opened.tensors);
  save_model_folder(folder.path(), opened.config, tensors, nullptr);
  const auto rewrite = [&](const std::vector<NamedTensor>& changed) {
    write_safetensors(folder.path("model.safetensors"), changed);
    open_model(folder.path());
  };
  std::vector<NamedTensor> wrong = tensors;
  for (NamedTensor& named : wrong) {
    if (named.name == "model.norm.weight") named.tensor = at::ones({47}, at::kFloat);
  }
  check_error([&] { rewrite(wrong); }, "has the shape [47], the config says [48]", "tensor model.norm.weight",
              "belongs");
  wrong = tensors;
  wrong.push_back({"model.layers.0.self_attn.q_proj.bias", at::ones({48}, at::kFloat)});
  check_error([&] { rewrite(wrong); }, "q_proj.bias is no part of the llama model", "tensor model.layers.0", "belongs");
  wrong = tensors;
  wrong.pop_back();
  check_error([&] { rewrite(wrong); }, cat("needs the tensor ", tensors.back().name), tensors.back().name,
              "model_type");
}

TEST_CASE("checkpoint: what cannot be opened is said") {
  const TempFolder folder;
  check_error([&] { open_model(folder.path("none")); }, "there is no such model", "/none",
              "config.json and safetensors");
  const std::string text = folder.write("model.bin", "x");
  check_error([&] { open_model(text); }, "neither a model folder nor a .gguf file", "model.bin", "Hugging Face");
  check_error([&] { open_model(folder.path()); }, "cannot open file", "config.json", "check the path");
  folder.write("config.json", "{\"model_type\": \"llama\"");
  check_error([&] { open_model(folder.path()); }, "JSON is not valid", "config.json:1:", "correct");
  folder.write("config.json", "{\"model_type\": \"bert\"}");
  check_error([&] { open_model(folder.path()); }, "model_type \"bert\" is not supported", "config.json: /model_type",
              "llama");
}

TEST_CASE("checkpoint: an incomplete set of tensors is not saved") {
  const OpenModel opened = open_model(test::model_fixture("llama"));
  std::vector<NamedTensor> tensors = test::all_tensors(*opened.tensors);
  const TempFolder folder;
  const auto save = [&] { save_model_folder(folder.path("out"), opened.config, tensors, nullptr); };
  const NamedTensor last = tensors.back();
  tensors.pop_back();
  check_error(save, "a tensor of the model is not given", "tensor " + last.name, "expected_tensors");
  tensors.push_back({last.name, last.tensor.reshape({-1})});
  if (last.tensor.dim() > 1) check_error(save, "has not the model's shape", last.name, "expected_tensors");
  tensors.back() = last;
  tensors.push_back({"extra", last.tensor});
  check_error(save, "tensors are given, the model has", "out", "and no other");
  CHECK_FALSE(fs::exists(folder.path("out")));
}

}  // namespace lockstep::model
