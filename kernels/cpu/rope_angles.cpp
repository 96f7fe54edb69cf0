// SPDX-License-Identifier: Apache-2.0
// Plain f64 code: it runs once per batch, for all layers.
#include "kernels/cpu/rope_angles.h"

#include "kernels/cpu/f64_math.h"

namespace lockstep::kernels::cpu {

double inverse_frequency(double base, double exponent) { return power_f64(base, -exponent); }

void rope_angles(const RopeAngles& a) {
  for (int64_t n = 0; n < a.rows; ++n) {
    const auto position = static_cast<float>(a.positions[n]);
    for (int64_t i = 0; i < a.half_width; ++i) {
      const SinCos at = sin_cos_f64(static_cast<double>(position * a.inverse[i]));
      a.cos[n * a.half_width + i] = static_cast<float>(at.cos * a.factor);
      a.sin[n * a.half_width + i] = static_cast<float>(at.sin * a.factor);
    }
  }
}

}  // namespace lockstep::kernels::cpu
