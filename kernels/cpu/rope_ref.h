// SPDX-License-Identifier: Apache-2.0
// The meaning of the rotation: one pair after the other.
#pragma once

#include "kernels/cpu/rope.h"

namespace lockstep::kernels::cpu {

void rope_ref(const Rope& a);
void rope_backward_ref(const Rope& a);

}  // namespace lockstep::kernels::cpu
