// SPDX-License-Identifier: Apache-2.0
// Opening of a model folder or GGUF file, and the check that its tensors are those of its config.
#include "model/checkpoint_io.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "model/gguf_model.h"
#include "model/tensor_names.h"

namespace lockstep::model {
namespace {

namespace fs = std::filesystem;
using base::Json;

constexpr size_t kMaxConfigBytes = size_t{16} << 20;

std::string shape_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(cat(size));
  return cat("[", base::join(sizes, ", "), "]");
}

bool file_exists(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

// transformers' class default says one MTP module, and its save_pretrained writes none.
void drop_absent_mtp(ModelConfig& config, const TensorSource& source) {
  if (config.num_nextn_predict_layers == 0) return;
  const std::string prefix = cat("model.layers.", config.num_hidden_layers, ".");
  const bool has_mtp = std::any_of(source.names().begin(), source.names().end(),
                                   [&](const std::string& name) { return name.starts_with(prefix); });
  if (!has_mtp) config.num_nextn_predict_layers = 0;
}

using ParseConfig = ModelConfig(const Json& json, const std::string& origin);

OpenModel open_folder(const fs::path& folder, ParseConfig& parse) {
  OpenModel opened;
  const std::string config_path = (folder / "config.json").string();
  opened.hf_config = base::parse_json_file(config_path, {.max_bytes = kMaxConfigBytes});
  opened.config = parse(opened.hf_config, config_path);
  opened.tensors = open_safetensors_folder(folder.string());
  drop_absent_mtp(opened.config, *opened.tensors);
  check_tensors(opened.config, *opened.tensors, folder.string());
  const fs::path generation = folder / "generation_config.json";
  if (file_exists(generation)) {
    opened.generation_config = base::parse_json_file(generation.string(), {.max_bytes = kMaxConfigBytes});
  }
  if (file_exists(folder / "tokenizer.json") || file_exists(folder / "tokenizer.model")) {
    opened.tokenizer = load_tokenizer(folder.string());
  }
  return opened;
}

}  // namespace

void check_tensors(const ModelConfig& config, const TensorSource& source, const std::string& where) {
  std::unordered_set<std::string> expected;
  for (const TensorSpec& spec : expected_tensors(config)) {
    if (!source.has(spec.name)) {
      throw Error(cat("a ", family_name(config.family), " model needs the tensor ", spec.name, ", which is missing"),
                  cat(where, ": tensor ", spec.name), "fetch the missing file, or check model_type in config.json");
    }
    if (source.shape(spec.name) != spec.shape) {
      throw Error(cat("the checkpoint's tensor has the shape ", shape_text(source.shape(spec.name)),
                      ", the config says ", shape_text(spec.shape)),
                  cat(where, ": tensor ", spec.name), "use the config.json that belongs to these weights");
    }
    expected.insert(spec.name);
  }
  for (const std::string& name : source.names()) {
    if (expected.contains(name) || is_redundant_tensor(config, name)) continue;
    throw Error(cat("the tensor ", base::printable(name), " is no part of the ", family_name(config.family),
                    " model that config.json describes"),
                cat(where, ": tensor ", base::printable(name)), "use the config.json that belongs to these weights");
  }
}

OpenModel open_model(const std::string& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return open_folder(path, parse_model_config);
  if (path.ends_with(".gguf")) return open_gguf(path);
  throw Error(file_exists(path) ? "neither a model folder nor a .gguf file" : "there is no such model", path,
              "give a Hugging Face model folder (config.json and safetensors) or a .gguf file");
}

OpenModel open_reward_model(const std::string& folder) {
  std::error_code failure;
  if (fs::is_directory(folder, failure)) return open_folder(folder, parse_reward_model_config);
  throw Error(file_exists(folder) ? "a reward model is a folder" : "there is no such reward model", folder,
              "give the folder of a ...ForSequenceClassification model: config.json and safetensors");
}

bool is_reward_model(const std::string& path) {
  const fs::path file = fs::path(path) / "config.json";
  if (!file_exists(file)) return false;
  const Json json = base::parse_json_file(file.string(), {.max_bytes = kMaxConfigBytes});
  const Json architectures = json.is_object() ? json.value("architectures", Json()) : Json();
  return architectures.is_array() && std::any_of(architectures.begin(), architectures.end(), [](const Json& name) {
           return name.is_string() && name.get<std::string>().ends_with("ForSequenceClassification");
         });
}

}  // namespace lockstep::model
