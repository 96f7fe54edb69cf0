// SPDX-License-Identifier: Apache-2.0
// Estimators of KL(pi, pi_ref) from one token's log-probabilities, each with its derivative.
#pragma once

#include <string_view>

namespace lockstep::rl {

// With d = log pi_ref - log pi of a token that pi drew (J. Schulman, "Approximating KL divergence", 2020):
//   k1  -d             verl: kl          unbiased, of either sign; derivative 1 (in a loss its mean gradient on policy is 0: use it in
//                                        the reward)
//   k2  d^2 / 2        verl: mse         biased; derivative -d, on policy the gradient of KL(pi, pi_ref)
//   k3  e^d - d - 1    verl: low_var_kl  unbiased, never negative (DeepSeekMath eq. 4); derivative 1 - e^d, on policy the gradient of
//                                        KL(pi_ref, pi)
enum class KlEstimator { k1, k2, k3 };

struct Kl {
  double value = 0;
  double slope = 0;  // d value / d log pi
};

Kl kl_estimate(KlEstimator estimator, double logprob, double ref_logprob);

// Error that names the choices on any other name.
KlEstimator kl_estimator(std::string_view name);

}  // namespace lockstep::rl
