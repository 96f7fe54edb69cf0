// SPDX-License-Identifier: Apache-2.0
// The meaning of the optimizer's kernels.
#pragma once

#include "kernels/cpu/adamw.h"

namespace lockstep::kernels::cpu {

double sum_of_squares_ref(const float* x, int64_t size);
void adamw_ref(const AdamWSpan& span, const AdamWCoefficients& c);

}  // namespace lockstep::kernels::cpu
