// SPDX-License-Identifier: Apache-2.0
// The meaning of the slot combination.
#pragma once

#include "kernels/cpu/combine.h"

namespace lockstep::kernels::cpu {

void combine_slots_ref(const Combine& a);
void combine_slots_grad_ref(const CombineGrad& a);

}  // namespace lockstep::kernels::cpu
