// SPDX-License-Identifier: Apache-2.0
// The meaning of the optimizer's kernel.
#pragma once

#include "kernels/cpu/adamw.h"

namespace lockstep::kernels::cpu {

void adamw_ref(const AdamWSpan& span, const AdamWCoefficients& c);

}  // namespace lockstep::kernels::cpu
