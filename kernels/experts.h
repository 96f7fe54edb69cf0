// SPDX-License-Identifier: Apache-2.0
// The routed experts of a mixture: grouped SwiGLU matrices and the combination of each token's slots.
#pragma once

#include "kernels/linear.h"

namespace lockstep::kernels {

// out[n] = sum over slots k = 0..K-1, in this order, of weights[n, k] * E_{experts[n, k]}(x[n]),
// E(x) = down (silu(gate x) * up x). No token is dropped.
//   x [N, D], experts [N, K] i64, weights [N, K] f32, gate_up [E, 2 I, D] (gate half first), down [E, D, I] -> [N, D].
// `counts` [E] i64 (may be null) receives the number of slots per expert. Differentiable in x, weights, gate_up, down.
Tensor routed_experts(const Tensor& x,
                      const Tensor& experts,
                      const Tensor& weights,
                      const Weight& gate_up,
                      const Weight& down,
                      Tensor* counts);

}  // namespace lockstep::kernels
