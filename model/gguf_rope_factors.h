// SPDX-License-Identifier: Apache-2.0
// Llama-3 RoPE scaling as GGUF files hold it: the tensor rope_freqs.weight of divisors; internal to model/.
#pragma once

#include <optional>
#include <vector>

#include "model/model_config.h"

namespace lockstep::model {

// What each frequency is divided by, [head_dim / 2], for a config whose rope_type is llama3.
std::vector<float> llama3_factors(const ModelConfig& config);

// The settings that give these factors (within 1e-3), tried with the lengths and bands of the released models; nullopt when
// none does. `theta` is rope_theta.
std::optional<RopeScaling> llama3_settings(const std::vector<float>& factors, double theta);

}  // namespace lockstep::model
