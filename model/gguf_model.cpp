// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a TensorSource under Hugging Face names.
#include "model/gguf_model.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/gguf_metadata.h"
#include "model/gguf_names.h"

namespace lockstep::model {
namespace {

const char* const kRopeFactors = "rope_freqs.weight";

class GgufTensors final : public TensorSource {
 public:
  explicit GgufTensors(const std::string& path) : map_(path), file_(parse_gguf({map_.data(), map_.size()}, path)) {}

  const GgufFile& file() const { return file_; }
  std::vector<float> rope_factors() const;
  void name_tensors(const ModelConfig& config);  // before any of the calls below

  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& name) const override { return items_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return item(name).shape; }
  Tensor tensor(const std::string& name) const override;

 private:
  // A Hugging Face tensor: a whole GGUF tensor or one expert of a stack.
  struct Item {
    std::vector<int64_t> shape;
    GgmlType type;
    uint64_t begin, bytes;
    int64_t interleaved_heads;
  };
  const Item& item(const std::string& name) const;
  void add(const std::string& name, Item item);
  void add_stack(const ModelConfig& config, const std::string& pattern, const GgufTensor& stack);
  Tensor read(const Item& item) const;

  base::MappedFile map_;
  GgufFile file_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, Item> items_;
};

std::vector<float> GgufTensors::rope_factors() const {
  for (const GgufTensor& tensor : file_.tensors) {
    if (tensor.name != kRopeFactors) continue;
    if (tensor.type != GgmlType::f32 || tensor.shape.size() != 1) {
      throw Error("the RoPE factors are no vector of F32", cat(map_.path(), ": tensor ", kRopeFactors),
                  "fetch or write the file again");
    }
    std::vector<float> factors(tensor.bytes / sizeof(float));
    std::memcpy(factors.data(), map_.data() + tensor.begin, tensor.bytes);
    return factors;
  }
  return {};
}

void GgufTensors::add(const std::string& name, Item item) {
  names_.push_back(name);
  items_.emplace(name, std::move(item));
}

void GgufTensors::add_stack(const ModelConfig& config, const std::string& pattern, const GgufTensor& stack) {
  if (stack.shape.size() != 3 || stack.shape[0] != config.num_experts) {
    throw Error(cat("the tensor is no stack of ", config.num_experts, " experts"),
                cat(map_.path(), ": tensor ", stack.name), "fetch or write the file again");
  }
  const size_t star = pattern.find('*');
  const uint64_t bytes = stack.bytes / static_cast<uint64_t>(stack.shape[0]);
  for (int64_t expert = 0; expert < stack.shape[0]; ++expert) {
    add(cat(pattern.substr(0, star), expert, pattern.substr(star + 1)),
        {{stack.shape[1], stack.shape[2]}, stack.type, stack.begin + static_cast<uint64_t>(expert) * bytes, bytes, 0});
  }
}

void GgufTensors::name_tensors(const ModelConfig& config) {
  for (const GgufTensor& tensor : file_.tensors) {
    if (tensor.name == kRopeFactors) continue;
    const auto name = hf_name_of_gguf(tensor.name);
    if (!name) {
      throw Error(cat("the tensor ", base::printable(tensor.name), " is not known"),
                  cat(map_.path(), ": tensor ", base::printable(tensor.name)),
                  cat("give a file of a ", family_name(config.family), " model"));
    }
    if (name->find('*') != std::string::npos) {
      add_stack(config, *name, tensor);
      continue;
    }
    add(*name, {tensor.shape, tensor.type, tensor.begin, tensor.bytes, interleaved_heads(config, *name)});
  }
}

const GgufTensors::Item& GgufTensors::item(const std::string& name) const {
  const auto found = items_.find(name);
  if (found != items_.end()) return found->second;
  throw Error(cat("there is no tensor ", base::printable(name)), map_.path(),
              "check that the file belongs to this model");
}

Tensor GgufTensors::read(const Item& item) const {
  const uint8_t* data = map_.data() + item.begin;
  const auto plain = [&](at::ScalarType dtype) {
    Tensor result = at::empty(item.shape, at::TensorOptions().dtype(dtype));
    std::memcpy(result.mutable_data_ptr(), data, item.bytes);
    return result;
  };
  switch (item.type) {
    case GgmlType::f32:
      return plain(at::kFloat);
    case GgmlType::f16:
      return plain(at::kHalf);
    case GgmlType::bf16:
      return plain(at::kBFloat16);
    default:
      break;
  }
  Tensor result = at::empty(item.shape, at::TensorOptions().dtype(at::kFloat));
  dequantize(item.type, data, result.mutable_data_ptr<float>(), result.numel());
  return result;
}

Tensor GgufTensors::tensor(const std::string& name) const {
  const Item& found = item(name);
  const Tensor stored = read(found);
  return found.interleaved_heads > 0 ? deinterleave_rows(stored, found.interleaved_heads) : stored;
}

}  // namespace

OpenModel open_gguf(const std::string& file) {
  auto tensors = std::make_unique<GgufTensors>(file);
  OpenModel opened;
  opened.hf_config = gguf_to_hf_config(tensors->file(), file, tensors->rope_factors());
  opened.config = parse_model_config(opened.hf_config, file + " (as config.json)");
  tensors->name_tensors(opened.config);
  check_tensors(opened.config, *tensors, file);
  opened.tokenizer = gguf_tokenizer(tensors->file(), file);
  opened.tensors = std::move(tensors);
  return opened;
}

}  // namespace lockstep::model
