// SPDX-License-Identifier: Apache-2.0
// Plain loops that compilers vectorise; compiled without errno and traps of sqrt (see CMakeLists.txt).
#include <bit>
#include <cmath>

#include "rl/adamw_update.h"
#include "rl/exact_math.h"
#include "rl/flush_denormals.h"

namespace lockstep::rl {

AdamWCoefficients adamw_coefficients(const AdamWScalars& s) {
  const double bias1 = 1 - power_exact(s.beta1, s.step), bias2 = 1 - power_exact(s.beta2, s.step);
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

void adamw_update(const AdamWSpan& span, const AdamWCoefficients& c) {
  const FlushDenormals flush;
  float* __restrict theta = span.master;
  float* __restrict m = span.exp_avg;
  float* __restrict v = span.exp_avg_sq;
  const float* __restrict gradient = span.gradient;
  for (int64_t i = 0; i < span.size; ++i) {
    const float g = c.grad_scale * gradient[i];
    m[i] = c.beta1 * m[i] + c.one_minus_beta1 * g;
    v[i] = c.beta2 * v[i] + c.one_minus_beta2 * g * g;
    const float denominator = std::sqrt(v[i]) * c.inverse_sqrt_bias2 + c.epsilon;
    theta[i] = c.decay * theta[i] - c.step_size * (m[i] / denominator);
  }
  if (span.bf16 != nullptr) f32_to_bf16(theta, span.bf16, span.size);
}

double sum_of_squares(const float* values, int64_t size) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    for (int lane = 0; lane < 8; ++lane) {
      const double x = values[i + lane];
      sums[lane] += x * x;
    }
  }
  for (int lane = 0; i < size; ++i, ++lane) sums[lane] += static_cast<double>(values[i]) * values[i];
  for (int half = 4; half >= 1; half /= 2) {
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

void bf16_to_f32(const uint16_t* from, float* to, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] = std::bit_cast<float>(uint32_t{from[i]} << 16);
}

void f32_to_bf16(const float* from, uint16_t* to, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    const auto bits = std::bit_cast<uint32_t>(from[i]);
    const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    to[i] = static_cast<uint16_t>(is_nan ? 0x7fc0u : rounded);
  }
}

}  // namespace lockstep::rl
