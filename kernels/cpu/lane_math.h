// SPDX-License-Identifier: Apache-2.0
// exp, log and what is made of them, as one sequence of operations on lanes: the same bits on every ISA, unlike libm's.
#pragma once

#include <limits>

#include "kernels/cpu/lanes.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// e^x within 0.88 ulp. 0 below -87.3 (the result would be denormal), +inf above 88.37 (half a binade early), NaN stays NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r = 1 + r (1 + r P(r)) with our own Remez fit of P, weighted for the relative
// error (0.001 units of 2^-24 before rounding).
inline Lanes exp(Lanes x) {
  constexpr float kP[6] = {0.5f, 0x1.555554p-3f, 0x1.55548ep-5f, 0x1.11127p-7f, 0x1.6d8d22p-10f, 0x1.9f0882p-13f};
  const Lanes low = Lanes::broadcast(-87.336544f), high = Lanes::broadcast(88.3762f), one = Lanes::broadcast(1.0f);
  const Lanes inside = min(high, max(low, x));
  const Lanes n = round(inside * Lanes::broadcast(1.44269504f));
  Lanes r = fma(n, Lanes::broadcast(-0.693359375f), inside);  // exact: ln 2 in two parts, nine bits in the first
  r = fma(n, Lanes::broadcast(2.12194440e-4f), r);
  Lanes p = Lanes::broadcast(kP[5]);
  for (int i = 4; i >= 0; --i) p = fma(p, r, Lanes::broadcast(kP[i]));
  p = fma(fma(p, r, one), r, one);
  Lanes y = scale_by_power(p, n);
  y = where_less(x, low, Lanes::zero(), y);
  return where_less(high, x, Lanes::broadcast(std::numeric_limits<float>::infinity()), y);
}

// Natural logarithm within 0.93 ulp: -inf for 0 and denormals, NaN below, +inf for +inf, NaN stays NaN. For positive normal x
// these are base::log_f32's operations (base/log_f32.h says where the polynomial comes from), so the project has one logarithm.
// x = 2^e m with m in [sqrt 1/2, sqrt 2), log(1 + f) = f - f^2 / 2 + f^3 Q(f).
inline Lanes log(Lanes x) {
  constexpr float kQ[8] = {0x1.555554p-2f, -0x1.000226p-2f, 0x1.99a008p-3f, -0x1.547244p-3f,
                           0x1.22da1ap-3f, -0x1.0d8546p-3f, 0x1.055b84p-3f, -0x1.38b5a6p-4f};
  const Lanes one = Lanes::broadcast(1.0f), infinity = Lanes::broadcast(std::numeric_limits<float>::infinity());
  Lanes e, m;
  split_exponent(x, e, m);
  const Lanes root = Lanes::broadcast(0x1.6a09e6p+0f);
  e = where_less(m, root, e, e + one);
  m = where_less(m, root, m, m * Lanes::broadcast(0.5f));
  const Lanes f = m - one;
  Lanes q = Lanes::broadcast(kQ[7]);
  for (int i = 6; i >= 0; --i) q = fma(q, f, Lanes::broadcast(kQ[i]));
  const Lanes tail = (f * f) * fma(q, f, Lanes::broadcast(-0.5f));
  Lanes y = fma(e, Lanes::broadcast(0x1.62e4p-1f), f + fma(e, Lanes::broadcast(0x1.7f7d1cp-20f), tail));
  const Lanes not_a_number = Lanes::broadcast(std::numeric_limits<float>::quiet_NaN());
  y = where_less(x, Lanes::broadcast(std::numeric_limits<float>::min()), Lanes::zero() - infinity, y);
  y = where_less(x, Lanes::zero(), not_a_number, y);
  return where_less(x, infinity, y, x);  // +inf and NaN are their own logarithms
}

// 1 / (1 + e^-x) within 2.5 ulp; 0 below -88.37, where e^-x is +inf.
inline Lanes sigmoid(Lanes x) {
  const Lanes one = Lanes::broadcast(1.0f);
  return one / (one + exp(Lanes::zero() - x));
}

// x / (1 + e^-x) within 2.5 ulp (Hendrycks and Gimpel 2016, arXiv:1606.08415); -0 below -88.37, NaN for -inf.
inline Lanes silu(Lanes x) { return x / (Lanes::broadcast(1.0f) + exp(Lanes::zero() - x)); }

// log and exp of one value, as the lanes compute it.
inline float first_lane(Lanes x) {
  float t[Lanes::kCount];
  x.store(t);
  return t[0];
}
inline float exp(float x) { return first_lane(exp(Lanes::broadcast(x))); }
inline float log(float x) { return first_lane(log(Lanes::broadcast(x))); }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
