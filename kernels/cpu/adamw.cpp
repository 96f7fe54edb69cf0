// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the optimizer's kernels.
#include "kernels/cpu/adamw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const AdamWKernels adamw_kernels;
}
namespace avx2 {
extern const AdamWKernels adamw_kernels;
}
namespace avx512f {
extern const AdamWKernels adamw_kernels;
}
namespace avx512bf16 {
extern const AdamWKernels adamw_kernels;
}

namespace {

const AdamWKernels& kernels(Isa isa) {
  return table_of(isa, scalar::adamw_kernels, avx2::adamw_kernels, avx512f::adamw_kernels, avx512bf16::adamw_kernels);
}

// base^n by repeated squaring: libm's pow has other last bits on other machines.
double power(double base, int64_t n) {
  double result = 1.0;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace

void square_sums(const float* x, int64_t size, float* blocks, Isa isa) {
  const FloatMode mode;
  kernels(isa).square_sums(x, size, blocks);
}

double sum_of_squares(const float* x, int64_t size, Isa isa) {
  const FloatMode mode;
  double total = 0;
  std::array<float, 64> blocks{};
  constexpr auto kStretch = static_cast<int64_t>(blocks.size()) * kSquaresBlock;
  for (int64_t begin = 0; begin < size; begin += kStretch) {
    const int64_t count = std::min(kStretch, size - begin);
    kernels(isa).square_sums(x + begin, count, blocks.data());
    for (int64_t b = 0; b * kSquaresBlock < count; ++b) total += static_cast<double>(blocks[static_cast<size_t>(b)]);
  }
  return total;
}

void scale(float* x, int64_t size, float factor, Isa isa) {
  const FloatMode mode;
  kernels(isa).scale(x, size, factor);
}

AdamWCoefficients adamw_coefficients(const AdamWScalars& s) {
  const double bias1 = 1 - power(s.beta1, s.step), bias2 = 1 - power(s.beta2, s.step);
  const auto f32 = [](double x) { return static_cast<float>(x); };
  return {.grad_scale = f32(s.grad_scale),
          .beta1 = f32(s.beta1),
          .one_minus_beta1 = f32(1 - s.beta1),
          .beta2 = f32(s.beta2),
          .one_minus_beta2 = f32(1 - s.beta2),
          .inverse_sqrt_bias2 = f32(1 / std::sqrt(bias2)),
          .epsilon = f32(s.epsilon),
          .decay = f32(1 - s.learning_rate * s.weight_decay),
          .step_size = f32(s.learning_rate / bias1)};
}

void adamw(const AdamWSpan& span, const AdamWCoefficients& c, Isa isa) {
  const FloatMode mode;
  kernels(isa).update(span, c);
}

}  // namespace lockstep::kernels::cpu
