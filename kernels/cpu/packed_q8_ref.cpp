// SPDX-License-Identifier: Apache-2.0
// Q8_0 weights as plain loops.
#include "kernels/cpu/packed_q8_ref.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/half.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr int64_t kBlock = 32;

int64_t blocks_of(int64_t k) { return (k + kBlock - 1) / kBlock; }

float element(const MatrixView<float>& x, int64_t row, int64_t col) {
  return x.data[(x.row_index ? x.row_index[row] : row) * x.row_stride + col * x.col_stride];
}
float element(const MatrixView<uint16_t>& x, int64_t row, int64_t col) {
  return from_bf16_ref(x.data[(x.row_index ? x.row_index[row] : row) * x.row_stride + col * x.col_stride]);
}

template <class T>
Q8Ref quantize(const MatrixView<T>& weights) {
  const FloatMode mode;
  Q8Ref out{weights.rows, weights.cols, {}, {}};
  out.q.resize(static_cast<size_t>(out.n * out.k));
  for (int64_t row = 0; row < out.n; ++row)
    for (int64_t begin = 0; begin < out.k; begin += kBlock) {
      const int64_t end = std::min(out.k, begin + kBlock);
      float largest = 0;
      for (int64_t col = begin; col < end; ++col) largest = std::max(largest, std::fabs(element(weights, row, col)));
      const float d = largest / 127.0f;
      out.d.push_back(to_half(d));
      const float inverse = out.d.back() == 0 ? 0.0f : 1.0f / d;
      for (int64_t col = begin; col < end; ++col)
        out.q[static_cast<size_t>(row * out.k + col)] =
            static_cast<int8_t>(std::round(element(weights, row, col) * inverse));
    }
  return out;
}

}  // namespace

float Q8Ref::weight(int64_t row, int64_t col) const {
  return from_half(d[static_cast<size_t>(row * blocks_of(k) + col / kBlock)]) * q[static_cast<size_t>(row * k + col)];
}

Q8Ref quantize_ref(const MatrixView<float>& weights) { return quantize(weights); }
Q8Ref quantize_ref(const MatrixView<uint16_t>& weights) { return quantize(weights); }

std::vector<float> dequantized_f32_ref(const Q8Ref& weights) {
  std::vector<float> out;
  for (int64_t row = 0; row < weights.n; ++row)
    for (int64_t col = 0; col < weights.k; ++col) out.push_back(weights.weight(row, col));
  return out;
}

std::vector<uint16_t> dequantized_bf16_ref(const Q8Ref& weights) {
  std::vector<uint16_t> out;
  for (const float x : dequantized_f32_ref(weights)) out.push_back(to_bf16_ref(x));
  return out;
}

}  // namespace lockstep::kernels::cpu
