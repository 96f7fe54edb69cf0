// SPDX-License-Identifier: Apache-2.0
// The parameters of a model in memory (projections fused, experts stacked) and how they map to Hugging Face tensors.
#pragma once

#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "model/checkpoint_io.h"
#include "model/model_config.h"

namespace lockstep::model {

// One Hugging Face tensor inside a parameter: `rows` rows from `row_begin` of expert `expert` (-1: not stacked).
struct Piece {
  std::string hf_name;
  int64_t expert = -1, row_begin = 0, rows = 0;
  Tensor view(const Tensor& parameter) const;
};

enum class Init { normal, embedding, ones, zeros };

struct Parameter {
  std::string name;            // our name, e.g. model.layers.0.self_attn.qkv_proj.weight
  std::vector<int64_t> shape;
  std::vector<Piece> pieces;   // cover the parameter exactly, in order
  Init init = Init::normal;
  bool is_trainable = true;    // false: router bias, moved by load and not by gradients; always f32
  Tensor value;                // allocated by Transformer
};

// Every parameter of `config`, without storage, in the order of the layers.
std::vector<Parameter> parameter_layout(const ModelConfig& config);

int64_t count_parameters(const std::vector<Parameter>& parameters);

struct InitOptions {
  double gain = 0;  // 0: normal(0, initializer_range); else normal(0, gain / sqrt(fan_in)), embeddings 0.02
};
// Fills every value from `seed`, keyed by the parameter's name: independent of order and threads.
void init_parameters(std::vector<Parameter>& parameters, const ModelConfig& config, const InitOptions& options, uint64_t seed);

// Copies the tensors of `source` into the values (dtype converted). A missing tensor or a shape that differs is an Error
// with both shapes; a tied head is not looked for; MTP tensors may be absent (then `mtp_loaded` is false).
struct LoadReport {
  bool mtp_loaded = true;
  std::vector<std::string> unused;  // tensors of the file that the model has no place for
};
LoadReport load_parameters(std::vector<Parameter>& parameters, const TensorSource& source);
// Under Hugging Face names, contiguous, on the CPU, in the order of the layout.
std::vector<NamedTensor> export_parameters(const std::vector<Parameter>& parameters);

}  // namespace lockstep::model
