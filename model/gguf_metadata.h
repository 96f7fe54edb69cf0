// SPDX-License-Identifier: Apache-2.0
// Typed look-ups in the metadata of a GGUF file, and what it says as a config.json and a tokenizer; internal to model/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/gguf_file.h"
#include "model/tokenizer.h"

namespace lockstep::model {

// nullopt (null) when the key is absent; Error with the path and the key when it is of another kind.
class GgufMetadata {
 public:
  GgufMetadata(const GgufFile& file, const std::string& path) : file_(file), path_(path) {}

  std::optional<int64_t> integer(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;  // integers too
  std::optional<bool> flag(const std::string& key) const;
  const std::string* text(const std::string& key) const;
  const std::vector<int64_t>* integers(const std::string& key) const;
  const std::vector<double>* numbers(const std::string& key) const;
  const std::vector<std::string>* texts(const std::string& key) const;
  int64_t required_integer(const std::string& key) const;

  [[noreturn]] void refuse(const std::string& key, const std::string& what, const std::string& fix) const;
  const std::string& path() const { return path_; }

 private:
  template <class T>
  const T* find(const std::string& key, const char* kind) const;

  const GgufFile& file_;
  const std::string& path_;
};

// The config.json that a file of the architectures llama, qwen2, qwen3 and qwen3moe amounts to. `rope_factors` are the
// values of the tensor rope_freqs.weight, empty when the file has none.
base::Json gguf_to_hf_config(const GgufFile& file, const std::string& path, const std::vector<float>& rope_factors);

// tokenizer.ggml.*; null when the file has no tokenizer.
std::shared_ptr<const Tokenizer> gguf_tokenizer(const GgufFile& file, const std::string& path);

}  // namespace lockstep::model
