// SPDX-License-Identifier: Apache-2.0
// The matrix products as plain loops.
#include "kernels/cpu/matmul_ref.h"

#include <bit>
#include <cmath>

namespace lockstep::kernels::cpu {
namespace {

template <class T>
T element(const MatrixView<T>& x, int64_t row, int64_t col) {
  return x.data[(x.row_index ? x.row_index[row] : row) * x.row_stride + col * x.col_stride];
}

float widened(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t rounded(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);    // a quiet NaN
  if (magnitude < 0x00800000u) return static_cast<uint16_t>(bits >> 16 & 0x8000u);  // zero with its sign
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);         // nearest, ties to even
}

float chain(const MatrixView<float>& a, const MatrixView<float>& b, int64_t m, int64_t n, float sum) {
  for (int64_t k = 0; k < a.cols; ++k) sum = std::fma(element(a, m, k), element(b, k, n), sum);
  return sum;
}

float chain(const MatrixView<uint16_t>& a, const MatrixView<uint16_t>& b, int64_t m, int64_t n, float sum) {
  const auto product_onto = [&](int64_t k, float so_far) {
    if (k >= a.cols) return std::fma(0.0f, 0.0f, so_far);
    return std::fma(widened(element(a, m, k)), widened(element(b, k, n)), so_far);
  };
  for (int64_t k = 0; k < a.cols; k += 2) sum = product_onto(k, product_onto(k + 1, sum));
  return sum;
}

template <class T>
void multiply(const MatrixView<T>& a, const MatrixView<T>& b, const MatmulOutput& c) {
  const FloatMode mode;
  for (int64_t m = 0; m < a.rows; ++m)
    for (int64_t n = 0; n < b.cols; ++n) {
      if (n / kPanelOutputs < c.range.begin || n / kPanelOutputs >= c.range.end) continue;
      const int64_t at = m * c.row_stride + n - c.first_column;
      const float sum = chain(a, b, m, n, c.accumulates ? c.sums[at] : 0.0f);
      if (c.sums)
        c.sums[at] = sum;
      else
        c.rounded[at] = rounded(sum);
    }
}

}  // namespace

void matmul_ref(const MatrixView<float>& a, const MatrixView<float>& b, const MatmulOutput& c) { multiply(a, b, c); }
void matmul_ref(const MatrixView<uint16_t>& a, const MatrixView<uint16_t>& b, const MatmulOutput& c) {
  multiply(a, b, c);
}

}  // namespace lockstep::kernels::cpu
