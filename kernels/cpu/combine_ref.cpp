// SPDX-License-Identifier: Apache-2.0
// The slot combination, element by element.
#include "kernels/cpu/combine_ref.h"

#include <cmath>

#include "kernels/cpu/array_ref.h"

namespace lockstep::kernels::cpu {

void combine_slots_ref(const Combine& a) {
  const FloatMode mode;
  const ConstArrayRef y{a.y, a.dtype, a.y_stride}, shared{a.shared, a.dtype, a.shared_stride};
  const ArrayRef out{a.out, a.dtype, a.out_stride};
  for (int64_t n = 0; n < a.rows; ++n) {
    for (int64_t j = 0; j < a.width; ++j) {
      float sum = 0;
      for (int64_t i = n * a.slots; i < (n + 1) * a.slots; ++i)
        sum = std::fma(a.weights == nullptr ? 1.0f : a.weights[i], y.at(a.slot_row[i], j), sum);
      out.put(n, j, a.shared == nullptr ? sum : sum + shared.at(n, j));
    }
  }
}

void combine_slots_grad_ref(const CombineGrad& a) {
  const FloatMode mode;
  const ConstArrayRef g{a.g, a.dtype, a.g_stride}, y{a.y, a.dtype, a.y_stride};
  const ArrayRef dy{a.dy, a.dtype, a.dy_stride};
  for (int64_t i = 0; i < a.rows * a.slots; ++i) {
    const int64_t n = i / a.slots;
    LaneSumRef dot;
    for (int64_t j = 0; j < a.width; ++j) dot.partial(j) = std::fma(g.at(n, j), y.at(a.slot_row[i], j), dot.partial(j));
    a.d_weights[i] = dot.total();
    for (int64_t j = 0; j < a.width; ++j) dy.put(a.slot_row[i], j, a.weights[i] * g.at(n, j));
  }
}

}  // namespace lockstep::kernels::cpu
