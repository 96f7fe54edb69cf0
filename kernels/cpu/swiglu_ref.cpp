// SPDX-License-Identifier: Apache-2.0
// SwiGLU, element by element.
#include "kernels/cpu/swiglu_ref.h"

#include <cmath>

#include "kernels/cpu/array_ref.h"

namespace lockstep::kernels::cpu {

void swiglu_ref(const Swiglu& a) {
  const FloatMode mode;
  const ConstArrayRef gate_up{a.gate_up, a.dtype, a.gate_up_stride};
  const ArrayRef y{a.y, a.dtype, a.y_stride};
  for (int64_t n = 0; n < a.rows; ++n)
    for (int64_t i = 0; i < a.width; ++i) y.put(n, i, silu_ref(gate_up.at(n, i)) * gate_up.at(n, a.width + i));
}

void swiglu_grad_ref(const SwigluGrad& a) {
  const FloatMode mode;
  const ConstArrayRef gate_up{a.gate_up, a.dtype, a.gate_up_stride}, g{a.g, a.dtype, a.g_stride};
  const ArrayRef d{a.d_gate_up, a.dtype, a.d_gate_up_stride};
  for (int64_t n = 0; n < a.rows; ++n) {
    for (int64_t i = 0; i < a.width; ++i) {
      const float gate = gate_up.at(n, i), up = gate_up.at(n, a.width + i);
      const float s = sigmoid_ref(gate), activated = silu_ref(gate);
      d.put(n, a.width + i, g.at(n, i) * activated);
      d.put(n, i, (g.at(n, i) * up) * std::fma(activated, 1.0f - s, s));
    }
  }
}

}  // namespace lockstep::kernels::cpu
