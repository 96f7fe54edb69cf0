// SPDX-License-Identifier: Apache-2.0
// The rules between the keys of a config.json, and the features that are refused by name; internal to model/.
#pragma once

#include "model/config_reader.h"
#include "model/model_config.h"

namespace lockstep::model {

// All throw Error with the JSON path of the offending key.
void require_causal_lm(const ConfigReader& reader);
void require_reward_model(const ConfigReader& reader);  // architectures, id2label
void refuse_unsupported_features(const ConfigReader& reader);  // quantization_config, hidden_act, mlp_bias
void refuse_sliding_windows(const ConfigReader& reader, const ModelConfig& config);
void check_shapes(const ConfigReader& reader,
                  const ModelConfig& config);  // heads, head widths, number of tensors
void check_router(const ConfigReader& reader, const ModelConfig& config);  // experts, groups, top-k, scoring

// rope_theta and rope_scaling, from `rope_scaling` (transformers 4) or `rope_parameters` (transformers 5).
void read_rope(const ConfigReader& reader, ModelConfig& config);

}  // namespace lockstep::model
