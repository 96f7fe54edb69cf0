// SPDX-License-Identifier: Apache-2.0
// Which experts a token goes to, and with what weights: kernels/router.h on rows of logits.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

struct RouterRules {
  enum class Scoring { softmax, sigmoid };
  // How a group of experts is judged when only `topk_group` of `n_group` groups may be used.
  enum class GroupScore { none, max, sum_of_top2 };
  Scoring scoring = Scoring::softmax;
  GroupScore group_score = GroupScore::none;
  int64_t num_experts = 1;          // E, a multiple of n_group; groups of at least 2 for sum_of_top2
  int64_t num_experts_per_tok = 1;  // K <= E
  int64_t n_group = 1, topk_group = 1;
  bool norm_topk_prob = false;
  float norm_eps = 0;
  float routed_scaling_factor = 1;
};

// Per row: scores = softmax or sigmoid of the logits (softmax: e_j = exp(l_j - max), lane j % 16 adds them in ascending
// j, lanes are added by halves, e_j / sum). Choice values = scores + bias; of a group that is not kept, -inf. The K
// largest, best first, ties to the lowest index; a NaN counts as -inf. weights = scores of the chosen, divided by (their
// sum in slot order + norm_eps) if asked for, times the scaling factor.
struct RouterRows {
  int64_t rows = 0;
  const float* logits = nullptr;  // [N, E]
  int64_t stride = 0;             // of logits
  const float* bias = nullptr;    // [E], moves the choice and never the weights; or null
  float* scores = nullptr;        // [N, E], kept for the gradient
  int64_t* experts = nullptr;     // [N, K]
  float* weights = nullptr;       // [N, K]
  const int64_t* given = nullptr; // [N, K]: a row that does not begin with a negative number is the choice itself; or null
};
void route(const RouterRules& rules, const RouterRows& a, Isa isa = isa());

// d logits from d weights; the choice has no gradient. With c = scaling factor, S = sum + norm_eps, q_k = score_k / S:
//   d score_k = (d w_k - sum_m d w_m q_m) (c / S) if normalised, else d w_k c
//   softmax: d l_j = s_j (d score_j - sum_k d score_k s_k); sigmoid: d l_j = d score_j (s_j (1 - s_j))
// where d score is 0 off the chosen; sums in slot order by fma.
struct RouterGrad {
  int64_t rows = 0;
  const float* scores = nullptr;     // [N, E], of the forward
  const int64_t* experts = nullptr;  // [N, K]
  const float* d_weights = nullptr;  // [N, K]
  float* d_logits = nullptr;         // [N, E]
  int64_t d_logits_stride = 0;
};
void route_grad(const RouterRules& rules, const RouterGrad& a);

struct RouterKernels {
  void (*scores)(const RouterRules&, const RouterRows&);
};

}  // namespace lockstep::kernels::cpu
