// SPDX-License-Identifier: Apache-2.0
// The meaning of the SwiGLU kernels.
#pragma once

#include "kernels/cpu/swiglu.h"

namespace lockstep::kernels::cpu {

void swiglu_ref(const Swiglu& a);
void swiglu_grad_ref(const SwigluGrad& a);

}  // namespace lockstep::kernels::cpu
