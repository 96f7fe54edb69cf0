// SPDX-License-Identifier: Apache-2.0
// The operations in torch operations: any device, gradients, no bitwise promise; the oracle of the native forms.
#pragma once

#include "kernels/attention.h"
#include "kernels/experts.h"
#include "kernels/linear.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/router.h"
#include "kernels/swiglu.h"
#include "kernels/token_logprobs.h"

namespace lockstep::kernels::portable {

Tensor attention(const Tensor& q, const Tensor& keys, const Tensor& values, int64_t value_dim, const AttentionPlan& plan, double scale);
Tensor heads_linear(const Tensor& x, const Tensor& weight);
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);
Tensor linear_logits(const Tensor& hidden, const Tensor& head, double temperature);
void for_logit_blocks(const Tensor& hidden, const Tensor& head, const std::function<void(int64_t first, const Tensor& logits)>& work);
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
ResidualNorm add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps);
Tensor rope(const Tensor& x, const RopeRows& rows, RopeLayout layout);
void store_rope(const Tensor& x, const RopeRows& rows, RopeLayout layout, const Tensor& cache_rows, const Tensor& cache);
void store_rows(const Tensor& x, const Tensor& cache_rows, const Tensor& cache);
Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options, const Tensor& given);
Tensor routed_experts(const Tensor& x, const Tensor& experts, const Tensor& weights, const Tensor& gate_up, const Tensor& down, Tensor* counts);
Tensor swiglu(const Tensor& gate_up);
// d loss / d gate_up from d loss / d output; `gate_up` as given to the forward.
Tensor swiglu_backward(const Tensor& grad, const Tensor& gate_up);
TokenLogprobs token_logprobs(const Tensor& hidden, const Tensor& head, const Tensor& targets, double temperature, bool with_entropy);

}  // namespace lockstep::kernels::portable
