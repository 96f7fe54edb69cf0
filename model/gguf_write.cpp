// SPDX-License-Identifier: Apache-2.0
// A model as a GGUF file that llama.cpp loads: its names, its row order of q and k, experts stacked.
#include <ATen/ops/isinf.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "model/gguf_names.h"
#include "model/gguf_out.h"
#include "model/gguf_rope_factors.h"
#include "model/gguf_write_metadata.h"
#include "model/tensor_names.h"

namespace lockstep::model {
namespace {

// A tensor of the file: the model's tensors that it is made of (several: a stack of experts).
struct Part {
  GgufPlan plan;
  std::vector<Tensor> sources;
  int64_t interleaved_heads = 0;
};

// Vectors (norms, biases) and the router stay f32; llama.cpp asks for it. Q8_0 rows are whole blocks of 32.
GgmlType stored_type(GgufType wanted, const std::string& gguf_name, const std::vector<int64_t>& shape) {
  if (shape.size() == 1 || gguf_name.ends_with("ffn_gate_inp.weight")) return GgmlType::f32;
  switch (wanted) {
    case GgufType::f32:
      return GgmlType::f32;
    case GgufType::f16:
      return GgmlType::f16;
    case GgufType::bf16:
      return GgmlType::bf16;
    case GgufType::q8_0:
      return shape.back() % ggml_layout(GgmlType::q8_0).block == 0 ? GgmlType::q8_0 : GgmlType::f16;
  }
  LOCKSTEP_CHECK(false, "unknown GGUF type");
}

std::vector<Part> parts_of(const std::string& file,
                           const ModelConfig& config,
                           const std::vector<NamedTensor>& tensors,
                           GgufType type) {
  std::unordered_map<std::string, const Tensor*> given;
  for (const NamedTensor& named : tensors) given[named.name] = &named.tensor;
  std::vector<Part> parts;
  std::unordered_map<std::string, size_t> index;
  for (const TensorSpec& spec : expected_tensors(config)) {
    const auto found = given.find(spec.name);
    if (found == given.end() || found->second->sizes().vec() != spec.shape) {
      throw Error("a tensor of the model is not given with its shape", cat(file, ": tensor ", spec.name),
                  "give every tensor that expected_tensors names");
    }
    const std::string name = gguf_name_of_hf(spec.name).value();
    const auto known = index.find(name);
    if (known != index.end()) {
      parts[known->second].sources.push_back(*found->second);
      continue;
    }
    index.emplace(name, parts.size());
    parts.push_back({{name, spec.shape, stored_type(type, name, spec.shape)},
                     {*found->second},
                     interleaved_heads(config, spec.name)});
  }
  for (Part& part : parts) {
    if (part.plan.name.ends_with("_exps.weight")) {
      part.plan.shape.insert(part.plan.shape.begin(), static_cast<int64_t>(part.sources.size()));
    }
  }
  return parts;
}

// The bytes of a part's source in the type of the file.
std::string encoded(const Part& part, const Tensor& source, const std::string& where) {
  Tensor values = source.detach().cpu().to(at::kFloat);
  if (part.interleaved_heads > 0) values = interleave_rows(values, part.interleaved_heads);
  values = values.contiguous();
  if (part.plan.type == GgmlType::q8_0) {
    const GgmlLayout layout = ggml_layout(GgmlType::q8_0);
    std::string blocks(static_cast<size_t>(values.numel() / layout.block) * layout.bytes, '\0');
    quantize_q8_0(values.const_data_ptr<float>(), reinterpret_cast<uint8_t*>(blocks.data()), values.numel());
    return blocks;
  }
  if (part.plan.type == GgmlType::f16) {
    const Tensor narrow = values.to(at::kHalf);
    if (at::isinf(narrow).any().item<bool>() && !at::isinf(values).any().item<bool>()) {
      throw Error("a weight is beyond 65504, the largest F16", where, "write the file as BF16 or F32");
    }
    values = narrow;
  } else if (part.plan.type == GgmlType::bf16) {
    values = values.to(at::kBFloat16);
  }
  return std::string(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
}

}  // namespace

void write_gguf(const std::string& file,
                const ModelConfig& config,
                const std::vector<NamedTensor>& tensors,
                const Tokenizer* tokenizer,
                GgufType type) {
  const GgufPairs pairs = gguf_metadata_of(file, config, tokenizer, type);
  std::vector<Part> parts = parts_of(file, config, tensors, type);
  std::string factors;
  if (config.rope_scaling.rope_type == "llama3") {
    const std::vector<float> values = llama3_factors(config);
    factors.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    parts.push_back({{"rope_freqs.weight", {static_cast<int64_t>(values.size())}, GgmlType::f32}, {}, 0});
  }
  std::vector<GgufPlan> plans;
  for (const Part& part : parts) plans.push_back(part.plan);
  base::AtomicFile out(file);
  out.write(gguf_head(pairs, plans));
  for (const Part& part : parts) {
    for (const Tensor& source : part.sources) out.write(encoded(part, source, cat(file, ": tensor ", part.plan.name)));
    if (part.sources.empty()) out.write(factors);
    out.pad_to(kGgufAlignment);
  }
  out.commit();
}

}  // namespace lockstep::model
