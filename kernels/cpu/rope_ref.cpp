// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding, pair by pair.
#include "kernels/cpu/rope_ref.h"

#include <cmath>

#include "kernels/cpu/array_ref.h"

namespace lockstep::kernels::cpu {
namespace {

void rotate(const Rope& a, bool is_backward) {
  const FloatMode mode;
  const ConstArrayRef x{a.x, a.dtype, a.x_row_stride};
  const ArrayRef y{a.y, a.dtype, a.y_row_stride};
  const int64_t half = a.width / 2;
  for (int64_t n = 0; n < a.rows; ++n) {
    const int64_t to = a.y_rows ? a.y_rows[n] : n;
    for (int64_t h = 0; h < a.heads; ++h) {
      for (int64_t i = 0; i < half; ++i) {
        const bool is_split = a.pairs == RopePairs::half_split;
        const int64_t first = is_split ? i : 2 * i, second = is_split ? i + half : 2 * i + 1;
        const float cos = a.cos[n * half + i], sin = a.sin[n * half + i], minus_sin = 0.0f - sin;
        const float p = x.at(n, h * a.x_head_stride + first), q = x.at(n, h * a.x_head_stride + second);
        y.put(to, h * a.y_head_stride + first, std::fma(q, is_backward ? sin : minus_sin, p * cos));
        y.put(to, h * a.y_head_stride + second, std::fma(p, is_backward ? minus_sin : sin, q * cos));
      }
    }
  }
}

}  // namespace

void rope_ref(const Rope& a) { rotate(a, false); }
void rope_backward_ref(const Rope& a) { rotate(a, true); }

}  // namespace lockstep::kernels::cpu
