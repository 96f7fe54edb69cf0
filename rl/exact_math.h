// SPDX-License-Identifier: Apache-2.0
// exp, cos and powers with the same bits on every machine: IEEE +, -, * and exact scaling only, never libm.
#pragma once

#include <cstdint>

namespace lockstep::rl {

// e^x. Relative error <= 2e-16 against the true value for results in the normal range; 0 below -745.2,
// infinity above 709.8, NaN for NaN. (libm picks another code path per processor, and so other last bits.)
double exp_exact(double x);

// log(1 + e^x) without overflow: -log sigma(-x).
double softplus_exact(double x);

// sigma(x) = 1 / (1 + e^-x).
double sigmoid_exact(double x);

// cos(pi * x) for x in [0, 1]; absolute error <= 2e-16; exactly 1, 0, -1 at 0, 1/2, 1.
double cos_pi_exact(double x);

}  // namespace lockstep::rl
