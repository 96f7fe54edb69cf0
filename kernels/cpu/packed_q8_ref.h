// SPDX-License-Identifier: Apache-2.0
// Q8_0 weights as plain loops: their meaning, and the oracle of kernels/cpu/packed_q8.h. Not for use outside tests.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/matrix_view.h"

namespace lockstep::kernels::cpu {

// A matrix W [N, K] as GGUF has it, but for a shorter last block of a row.
struct Q8Ref {
  int64_t n, k;
  std::vector<uint16_t> d;  // [N, ceil(K/32)], f16
  std::vector<int8_t> q;    // [N, K]

  float weight(int64_t row, int64_t col) const;  // f32(d) * q
};

// Of finite weights [N, K], f32 or bf16.
Q8Ref quantize_ref(const MatrixView<float>& weights);
Q8Ref quantize_ref(const MatrixView<uint16_t>& weights);

// [N, K] row-major; what a matrix product with Q8_0 weights is the product of.
std::vector<float> dequantized_f32_ref(const Q8Ref& weights);
std::vector<uint16_t> dequantized_bf16_ref(const Q8Ref& weights);

}  // namespace lockstep::kernels::cpu
