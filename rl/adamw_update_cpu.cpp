// SPDX-License-Identifier: Apache-2.0
// Sums and conversions of a stretch of parameters, in plain loops that compilers vectorise.
#include <bit>

#include "rl/adamw_update.h"

namespace lockstep::rl {

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

}  // namespace lockstep::rl
