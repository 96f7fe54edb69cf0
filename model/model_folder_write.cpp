// SPDX-License-Identifier: Apache-2.0
// Writing of a Hugging Face model folder, one file or shards with an index.
#include <ATen/core/Tensor.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unordered_map>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"
#include "base/json.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "model/tensor_names.h"

namespace lockstep::model {
namespace {

namespace fs = std::filesystem;
using base::Json;

const char* const kSingle = "model.safetensors";
const char* const kIndex = "model.safetensors.index.json";

// Exactly the tensors of the config: a folder that lacks one would be found out only when it is loaded.
void check_complete(const std::string& folder, const ModelConfig& config, const std::vector<NamedTensor>& tensors) {
  std::unordered_map<std::string, std::vector<int64_t>> given;
  for (const NamedTensor& named : tensors) given[named.name] = named.tensor.sizes().vec();
  const std::vector<TensorSpec> specs = expected_tensors(config);
  for (const TensorSpec& spec : specs) {
    const auto found = given.find(spec.name);
    if (found == given.end() || found->second != spec.shape) {
      throw Error(found == given.end() ? "a tensor of the model is not given" : "a tensor has not the model's shape",
                  cat(folder, ": tensor ", spec.name), "give every tensor that expected_tensors names");
    }
  }
  if (given.size() == specs.size() && tensors.size() == specs.size()) return;
  throw Error(cat(tensors.size(), " tensors are given, the model has ", specs.size()), folder,
              "give each tensor that expected_tensors names once, and no other");
}

const char* dtype_name(const std::vector<NamedTensor>& tensors) {
  switch (tensors.front().tensor.scalar_type()) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    default:
      return "float32";
  }
}

std::string shard_name(size_t index, size_t count) {
  const auto five_digits = [](size_t number) {
    const std::string digits = cat(number);
    return std::string(5 - std::min<size_t>(5, digits.size()), '0') + digits;
  };
  return cat("model-", five_digits(index + 1), "-of-", five_digits(count), ".safetensors");
}

std::vector<std::vector<NamedTensor>> split(const std::vector<NamedTensor>& tensors, size_t max_bytes) {
  std::vector<std::vector<NamedTensor>> shards(1);
  size_t bytes = 0;
  for (const NamedTensor& named : tensors) {
    if (!shards.back().empty() && bytes + named.tensor.nbytes() > max_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(named);
    bytes += named.tensor.nbytes();
  }
  return shards;
}

// Writes the weights and returns the names of the files that belong to them.
std::vector<std::string> write_weights(const fs::path& folder, const std::vector<std::vector<NamedTensor>>& shards) {
  if (shards.size() == 1) {
    write_safetensors((folder / kSingle).string(), shards.front());
    return {kSingle};
  }
  std::vector<std::string> files = {kIndex};
  Json map = Json::object();
  auto& members = map.get_ref<Json::object_t&>();
  size_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    files.push_back(shard_name(i, shards.size()));
    write_safetensors((folder / files.back()).string(), shards[i]);
    for (const NamedTensor& named : shards[i]) {
      members.Json::object_t::Container::emplace_back(named.name, files.back());
      total += named.tensor.nbytes();
    }
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(map)}};
  base::write_file_atomic((folder / kIndex).string(), index.dump(2) + "\n");
  return files;
}

// Weights of an earlier save would win over the new ones (a single file is looked for first) or waste the disk.
void remove_other_weights(const fs::path& folder, const std::vector<std::string>& kept) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool is_shard = name.size() == std::string("model-00001-of-00001.safetensors").size() &&
                          name.starts_with("model-") && name.ends_with(".safetensors");
    const bool is_weights = is_shard || name == kSingle || name == kIndex;
    if (!is_weights || std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    if (::unlink(entry.path().c_str()) != 0) base::throw_errno("remove earlier weights", entry.path().string(), errno);
  }
}

Json generation_config(const Json& hf_config) {
  Json json = {{"_from_model_config", true}};
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (!hf_config.at(key).is_null()) json[key] = hf_config.at(key);
  }
  return json;
}

}  // namespace

void save_model_folder(const std::string& folder,
                       const ModelConfig& config,
                       const std::vector<NamedTensor>& tensors,
                       const Tokenizer* tokenizer,
                       size_t max_shard_bytes) {
  check_complete(folder, config, tensors);
  base::make_folders(folder);
  base::remove_unfinished(folder);  // of a save that was killed
  const fs::path path(folder);
  remove_other_weights(path, write_weights(path, split(tensors, max_shard_bytes)));
  if (tokenizer != nullptr) tokenizer->save(folder);
  Json json = to_hf_config(config);
  json["torch_dtype"] = dtype_name(tensors);
  base::write_file_atomic((path / "generation_config.json").string(), generation_config(json).dump(2) + "\n");
  base::write_file_atomic((path / "config.json").string(), json.dump(2) + "\n");
}

}  // namespace lockstep::model
