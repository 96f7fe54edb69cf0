// SPDX-License-Identifier: Apache-2.0
// The gated activation of SwiGLU (Shazeer 2020, arXiv:2002.05202).
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

// silu(gate) * up, where gate_up [..., 2 I] holds the gate half first -> [..., I]. Differentiable.
Tensor swiglu(const Tensor& gate_up);

}  // namespace lockstep::kernels
