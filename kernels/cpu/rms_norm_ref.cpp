// SPDX-License-Identifier: Apache-2.0
// RMSNorm, element by element.
#include "kernels/cpu/rms_norm_ref.h"

#include <cmath>

#include "kernels/cpu/array_ref.h"
#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {

void rms_norm_ref(const RmsNorm& a) {
  const FloatMode mode;
  const ConstArrayRef x{a.x, a.stream, a.x_stride};
  const ArrayRef y{a.y, a.out, a.y_stride};
  for (int64_t n = 0; n < a.rows; ++n) {
    LaneSumRef squares;
    for (int64_t j = 0; j < a.width; ++j) squares.partial(j) = std::fma(x.at(n, j), x.at(n, j), squares.partial(j));
    const float scale = 1.0f / std::sqrt(squares.total() / static_cast<float>(a.width) + a.eps);
    for (int64_t j = 0; j < a.width; ++j) y.put(n, j, (x.at(n, j) * scale) * a.weight[j]);
    if (a.scale != nullptr) a.scale[n] = scale;
  }
}

void add_rms_norm_ref(const ResidualAdd& add, const RmsNorm& a) {
  const FloatMode mode;
  const ConstArrayRef x{a.x, a.stream, a.x_stride}, delta{add.delta, a.out, add.delta_stride};
  const ArrayRef sum{add.sum, a.stream, add.sum_stride};
  for (int64_t n = 0; n < a.rows; ++n)
    for (int64_t j = 0; j < a.width; ++j) sum.put(n, j, x.at(n, j) + delta.at(n, j));
  RmsNorm normed = a;
  normed.x = add.sum;
  normed.x_stride = add.sum_stride;
  rms_norm_ref(normed);
}

void rms_norm_input_grad_ref(const RmsNormInputGrad& a) {
  const FloatMode mode;
  const ConstArrayRef x{a.x, a.stream, a.x_stride}, g{a.g, a.out, a.g_stride}, add{a.add, a.stream, a.add_stride};
  const ArrayRef dx{a.dx, a.stream, a.dx_stride};
  for (int64_t n = 0; n < a.rows; ++n) {
    const float scale = a.scale[n];
    LaneSumRef dot;
    for (int64_t j = 0; j < a.width; ++j)
      dot.partial(j) = std::fma(g.at(n, j) * a.weight[j], x.at(n, j) * scale, dot.partial(j));
    const float minus_mean = 0.0f - dot.total() / static_cast<float>(a.width);
    for (int64_t j = 0; j < a.width; ++j) {
      const float inner = std::fma(x.at(n, j) * scale, minus_mean, g.at(n, j) * a.weight[j]);
      dx.put(n, j, a.add == nullptr ? inner * scale : std::fma(inner, scale, add.at(n, j)));
    }
  }
}

void rms_norm_weight_grad_ref(const RmsNormWeightGrad& a) {
  const FloatMode mode;
  const ConstArrayRef x{a.x, a.stream, a.x_stride}, g{a.g, a.out, a.g_stride};
  for (int64_t n = 0; n < a.rows; ++n)
    for (int64_t j = 0; j < a.width; ++j) a.dw[j] = std::fma(g.at(n, j), x.at(n, j) * a.scale[n], a.dw[j]);
}

}  // namespace lockstep::kernels::cpu
