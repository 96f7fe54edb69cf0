// SPDX-License-Identifier: Apache-2.0
// k1, k2 and k3 of one token.
#include "rl/kl.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"

namespace lockstep::rl {

Kl kl_estimate(KlEstimator estimator, double logprob, double ref_logprob) {
  const double d = ref_logprob - logprob;
  switch (estimator) {
    case KlEstimator::k1:
      return {-d, 1.0};
    case KlEstimator::k2:
      return {0.5 * d * d, -d};
    case KlEstimator::k3:
      break;
  }
  const double ratio = exp_exact(d);
  return {std::max(ratio - d - 1, 0.0), 1 - ratio};
}

KlEstimator kl_estimator(std::string_view name) {
  if (name == "k1") return KlEstimator::k1;
  if (name == "k2") return KlEstimator::k2;
  if (name == "k3") return KlEstimator::k3;
  throw Error(cat("unknown kl_loss_type \"", name, "\""), "kl_loss_type", "use k1, k2 or k3");
}

}  // namespace lockstep::rl
