// SPDX-License-Identifier: Apache-2.0
// Which experts a token goes to, and with what weights: the gates of Qwen3-MoE, DeepSeek-V2 and DeepSeek-V3.
#pragma once

#include <cstdint>

#include "kernels/tensor.h"

namespace lockstep::kernels {

struct RouterOptions {
  enum class Scoring { softmax, sigmoid };
  // How a group of experts is judged when only `topk_group` of `n_group` groups may be used.
  enum class GroupScore { none, max, sum_of_top2 };  // greedy, DeepSeek-V2 236B, DeepSeek-V3
  Scoring scoring = Scoring::softmax;
  GroupScore group_score = GroupScore::none;
  int64_t num_experts_per_tok = 1, n_group = 1, topk_group = 1;
  bool norm_topk_prob = false;
  double norm_eps = 0.0;  // DeepSeek-V3: 1e-20
  double routed_scaling_factor = 1.0;
};

struct Routing {
  Tensor experts;  // [N, K] i64, best first; ties go to the lowest index
  Tensor weights;  // [N, K] f32, differentiable in logits
};

// logits [N, E] f32; `bias` [E] f32 (DeepSeek-V3's e_score_correction_bias: it moves the choice, never the weights) or
// undefined. Groups that are not kept are masked with -inf before the choice. Where `given` [N, K] i64 is defined, a row of it that does
// not begin with a negative number is the choice; the weights are those of these logits.
Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options, const Tensor& given = {});

}  // namespace lockstep::kernels
