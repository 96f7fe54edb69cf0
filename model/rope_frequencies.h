// SPDX-License-Identifier: Apache-2.0
// Rotary frequencies under the scalings that released models use, and the factors that come with them.
#pragma once

#include "kernels/rope.h"
#include "model/model_config.h"

namespace lockstep::model {

struct RopeFrequencies {
  Tensor inverse;                  // [R / 2] f32, radians per position
  double attention_factor = 1.0;   // multiplies cos and sin (YaRN, arXiv:2309.00071)
};

// R = qk_rope_head_dim (MLA) or head_dim. default, linear, llama3, yarn.
RopeFrequencies rope_frequencies(const ModelConfig& config);
// cos and sin rows of `positions` [N] i64.
kernels::RopeRows rope_rows(const RopeFrequencies& frequencies, const Tensor& positions);
// 1 / sqrt(qk_head_dim), times YaRN's mscale(factor, mscale_all_dim)^2 in the DeepSeek families.
double attention_scale(const ModelConfig& config);

}  // namespace lockstep::model
