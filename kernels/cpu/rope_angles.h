// SPDX-License-Identifier: Apache-2.0
// The angles of rotary position embedding: frequencies and the rows of cosines and sines that kernels/cpu/rope.h takes.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// base^-exponent, within 1 ulp of f64 (RoFormer, arXiv:2104.09864, section 3.2.2: base 10000, exponent 2 i / R).
double inverse_frequency(double base, double exponent);

// cos[n, i] = factor * cos(positions[n] * inverse[i]), sin alike: the angle is one f32 product, as released models were
// trained with it; cosine and sine are f64_math.h's, times `factor` (YaRN's attention factor, else 1), rounded once to f32:
// within 0.5000001 ulp of the angle's cosine unless that is below 1e-8. |angle| <= 2^21, beyond it NaN.
struct RopeAngles {
  int64_t rows = 0, half_width = 0;    // N, R / 2
  const int64_t* positions = nullptr;  // [N]
  const float* inverse = nullptr;      // [R / 2]
  double factor = 1.0;
  float *cos = nullptr, *sin = nullptr;  // [N, R / 2]
};
void rope_angles(const RopeAngles& a);

}  // namespace lockstep::kernels::cpu
