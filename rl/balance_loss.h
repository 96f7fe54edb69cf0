// SPDX-License-Identifier: Apache-2.0
// DeepSeek-V3's complementary sequence-wise auxiliary loss (arXiv:2412.19437 eq. 17-20).
#pragma once

#include <vector>

#include "kernels/router.h"
#include "kernels/tensor.h"

namespace lockstep::rl {

// sum_i f_i P_i of each sequence, summed over sequences and divided by `num_sequences` of the whole update; 1 when all are used evenly, N_r / K_r when K_r of
// them get everything.
//   f_i = N_r / (K_r T) sum_t 1(s_it among the K_r largest of s_t),   P_i = 1/T sum_t s_it / sum_j s_jt
// with s the router's affinities (sigmoid or softmax of the logits), without bias and groups, as the paper has it. f has no gradient.
// logits [N, E] f32, differentiable; sequence q is rows offsets[q] .. offsets[q + 1] - 1. In f64, sequence by sequence.
Tensor sequence_balance_loss(const Tensor& logits, const std::vector<int64_t>& offsets, const kernels::RouterOptions& router, double num_sequences,
                             double* value);

}  // namespace lockstep::rl
