// SPDX-License-Identifier: Apache-2.0
// The meaning of the RMSNorm kernels: one loop per sum, in the contract's order.
#pragma once

#include "kernels/cpu/rms_norm.h"

namespace lockstep::kernels::cpu {

void rms_norm_ref(const RmsNorm& a);
void add_rms_norm_ref(const ResidualAdd& add, const RmsNorm& a);
void rms_norm_input_grad_ref(const RmsNormInputGrad& a);
void rms_norm_weight_grad_ref(const RmsNormWeightGrad& a);

}  // namespace lockstep::kernels::cpu
