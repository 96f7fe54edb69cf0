// SPDX-License-Identifier: Apache-2.0
// Model folders on disk: config.json + safetensors (single or sharded) or a GGUF file. Every file is hostile.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "model/model_config.h"
#include "model/tokenizer.h"

namespace lockstep::model {

// Named tensors of a file or folder, opened lazily: nothing is copied until `tensor` is called.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::vector<std::string>& names() const = 0;   // Hugging Face tensor names, file order
  virtual bool has(const std::string& name) const = 0;
  virtual std::vector<int64_t> shape(const std::string& name) const = 0;
  // A fresh CPU tensor in its stored dtype (quantised GGUF types come out as f32). Error: missing, wrong size.
  virtual Tensor tensor(const std::string& name) const = 0;
};

std::unique_ptr<TensorSource> open_safetensors(const std::string& file);          // one file
std::unique_ptr<TensorSource> open_safetensors_folder(const std::string& folder); // model.safetensors[.index.json]

struct NamedTensor {
  std::string name;
  Tensor tensor;
};
// One safetensors file, atomic (base::write_file_atomic's promise) and fsynced; tensors in the given order, 64-byte
// aligned data. `metadata` goes under "__metadata__" ("format": "pt" is always there).
void write_safetensors(const std::string& file,
                       const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// A model folder or a .gguf file, opened: what is needed to build the model and speak to it.
struct OpenModel {
  ModelConfig config;
  base::Json hf_config;                        // config.json as read (or made from GGUF metadata)
  std::unique_ptr<TensorSource> tensors;
  std::shared_ptr<const Tokenizer> tokenizer;  // null when the folder has none
  base::Json generation_config;                // null when there is none
};
// config.num_nextn_predict_layers is set to 0 when the checkpoint holds no MTP tensor at all (transformers writes such).
OpenModel open_model(const std::string& path);
// The folder of a reward model: ...ForSequenceClassification with one label.
OpenModel open_reward_model(const std::string& folder);
// What config.json says the folder is; false for what is no folder or has no config.json.
bool is_reward_model(const std::string& path);

// Every tensor of expected_tensors(config) is there with its shape, and none beside them (is_redundant_tensor excepted).
// `where` begins the Errors' second part.
void check_tensors(const ModelConfig& config, const TensorSource& source, const std::string& where);

// Writes a folder that transformers loads back with equal tensors: model.safetensors (sharded with an index above
// `max_shard_bytes`), generation_config.json, tokenizer files, and config.json last, so that a folder with one is complete.
// `tensors` are exactly those of expected_tensors(config). Weights of an earlier save in the folder are replaced.
void save_model_folder(const std::string& folder,
                       const ModelConfig& config,
                       const std::vector<NamedTensor>& tensors,
                       const Tokenizer* tokenizer,
                       size_t max_shard_bytes = size_t{5} << 30);

enum class GgufType { f32, f16, bf16, q8_0 };
// llama and qwen families. Norms and biases stay f32. The tokenizer is embedded.
void write_gguf(const std::string& file,
                const ModelConfig& config,
                const std::vector<NamedTensor>& tensors,
                const Tokenizer* tokenizer,
                GgufType type);

}  // namespace lockstep::model
