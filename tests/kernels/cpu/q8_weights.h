// SPDX-License-Identifier: Apache-2.0
// Weights for the tests of Q8_0: scales from zero over f16's denormals to its largest.
#pragma once

#include "kernels/cpu/math_ref.h"
#include "tests/kernels/cpu/matmul_operands.h"

namespace lockstep::kernels::cpu::test {

// [N, K]. Blocks of 32 of a row are of one magnitude, 2^-34 to 2^22, or all zeros; among them denormals and zeros.
template <class T>
std::vector<T> drawn_weights(Numbers& numbers, int64_t n, int64_t k) {
  std::vector<T> weights;
  for (int64_t row = 0; row < n; ++row) {
    float magnitude = 1;
    for (int64_t col = 0; col < k; ++col) {
      if (col % 32 == 0) magnitude = numbers.below(10) ? std::ldexp(1.0f, static_cast<int>(numbers.below(57)) - 34) : 0;
      const float rare[] = {1e-40f, -1e-40f, 0.0f, -0.0f};
      const float w = numbers.below(50) ? magnitude * numbers.in_one() : rare[numbers.below(4)];
      if constexpr (std::is_same_v<T, float>)
        weights.push_back(w);
      else
        weights.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(w) >> 16));  // denormals stay
    }
  }
  return weights;
}

}  // namespace lockstep::kernels::cpu::test
