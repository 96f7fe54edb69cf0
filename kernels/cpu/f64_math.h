// SPDX-License-Identifier: Apache-2.0
// Sine, cosine, logarithm and power in f64 with the same bits on every machine: IEEE + - * / and exact scaling, never libm.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

struct SinCos {
  double sin, cos;
};
// |x| <= 2^21; absolute error <= 2^-52. NaN beyond and for NaN.
SinCos sin_cos_f64(double x);

// Natural logarithm of a positive finite normal x, within 1 ulp.
double log_f64(double x);

// base^exponent for a positive finite normal base and a result in the normal range, within 1 ulp.
double power_f64(double base, double exponent);

// base^n by repeated squaring, n >= 0: libm's pow has other last bits on other machines.
double integer_power_f64(double base, int64_t n);

}  // namespace lockstep::kernels::cpu
