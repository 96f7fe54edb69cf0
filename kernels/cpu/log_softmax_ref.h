// SPDX-License-Identifier: Apache-2.0
// The meaning of the log-softmax kernels.
#pragma once

#include "kernels/cpu/log_softmax.h"

namespace lockstep::kernels::cpu {

void add_softmax_sums_ref(const LogitRows& a, SoftmaxSums* sums);
void token_logprobs_ref(const TokenLogprobs& a);
void log_softmax_grad_ref(const LogSoftmaxGrad& a);

}  // namespace lockstep::kernels::cpu
