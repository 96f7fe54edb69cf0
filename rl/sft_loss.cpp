// SPDX-License-Identifier: Apache-2.0
// Weighted mean negative log-likelihood.
#include "rl/sft_loss.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "rl/finite.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {

LossOutput sft_loss(const Tensor& logprobs, const Tensor& weights, double total_weight) {
  LOCKSTEP_CHECK(total_weight > 0, "total_weight must be positive");
  const auto size = static_cast<size_t>(logprobs.size(0));
  const std::vector<double> logp = flat_values(logprobs, size, 0, "logprobs");
  const std::vector<double> weight = flat_values(weights, size, 1, "weights");
  std::vector<double> gradient(size, 0.0);
  LossMetrics metrics;
  for (size_t t = 0; t < size; ++t) {
    LOCKSTEP_CHECK(weight[t] >= 0, cat("weights[", t, "] is ", weight[t]));
    if (weight[t] == 0) continue;
    if (!std::isfinite(logp[t])) {
      check_finite(logp[t], "the log-probability of the policy", cat("token ", t, " of the loss batch"));
    }
    metrics.loss -= weight[t] * logp[t] / total_weight;
    metrics.num_tokens += 1;
    gradient[t] = -weight[t] / total_weight;
  }
  return {scalar_with_gradient(logprobs, metrics.loss, gradient), metrics};
}

}  // namespace lockstep::rl
