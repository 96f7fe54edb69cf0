// SPDX-License-Identifier: Apache-2.0
// Every tensor that a checkpoint of a model holds: Hugging Face name and shape. Loading checks against it,
// saving follows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/model_config.h"

namespace lockstep::model {

struct TensorSpec {
  std::string name;            // "model.layers.3.mlp.experts.7.up_proj.weight"
  std::vector<int64_t> shape;  // [out, in] of a projection
  bool is_f32 = false;         // stays f32 in every checkpoint (e_score_correction_bias)
};

// In the order in which we write them: embedding, layers, final norm, head, MTP modules (layer numbers from
// num_hidden_layers on). A tied lm_head is absent, and so are the copies of the embedding and the head that
// some checkpoints store inside MTP modules (is_redundant_tensor). Experts are listed one by one.
std::vector<TensorSpec> expected_tensors(const ModelConfig& config);

// True for a name that a checkpoint may hold and that loaders skip: copies of the embedding and the head
// inside MTP modules, a tied lm_head, and rotary_emb.inv_freq of old files.
bool is_redundant_tensor(const ModelConfig& config, const std::string& name);

// Number of weights, the sum over expected_tensors.
int64_t num_parameters(const ModelConfig& config);

}  // namespace lockstep::model
