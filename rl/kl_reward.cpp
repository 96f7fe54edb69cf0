// SPDX-License-Identifier: Apache-2.0
// The KL of whole completions.
#include "rl/kl_reward.h"

#include "rl/loss_options.h"

namespace lockstep::rl {

RolloutKl rollout_kl(const Rollout& rollout, const CompletionLogprobs& reference, const LossConfig& config) {
  const KlEstimator estimator = kl_estimator_of(config);
  RolloutKl out;
  for (size_t g = 0; g < rollout.groups.size(); ++g)
    for (size_t i = 0; i < rollout.groups[g].completions.size(); ++i) {
      const auto& logprobs = rollout.groups[g].completions[i].logprobs;
      double sum = 0;
      for (size_t t = 0; t < logprobs.size(); ++t) sum += kl_estimate(estimator, logprobs[t], reference[g][i][t]).value;
      out.sums.push_back(sum);
      out.num_tokens += static_cast<double>(logprobs.size());
    }
  return out;
}

}  // namespace lockstep::rl
