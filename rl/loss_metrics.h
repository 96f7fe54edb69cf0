// SPDX-License-Identifier: Apache-2.0
// What a loss reports, as sums, counts and extremes, so that micro-batches and ranks can be added.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::rl {

struct LossMetrics {
  double loss = 0;         // already divided by the totals of the update: values add up to the loss of the update
  double policy_loss = 0;  // the same without the KL term
  double num_tokens = 0;   // unmasked
  double num_samples = 0;  // with at least one unmasked token
  double kl_sum = 0;       // over tokens
  double entropy_sum = 0;  // over tokens
  double num_ratios = 0;   // one per token, or one per sample at the sequence levels
  double ratio_sum = 0;
  double ratio_max = -std::numeric_limits<double>::infinity();
  double low_sum = 0, high_sum = 0;                            // clipped ratios: below with A < 0, above with A > 0
  double low_min = std::numeric_limits<double>::infinity();    // least share of low-clipped ratios of any sample
  double high_max = -std::numeric_limits<double>::infinity();  // largest share of high-clipped ratios of any sample
  double logp_difference_sum = 0, logp_difference_max = 0;  // |logprobs - (sampling or else old) logprobs| over tokens
  double correction_sum = 0, correction_max = 0;            // truncated pi_old / pi_sampler over tokens
  bool has_kl = false, has_entropy = false, has_ratio = false, has_correction = false;

  LossMetrics& operator+=(const LossMetrics& other);

  // TRL's names: loss, policy_loss, kl, entropy,
  // clip_ratio/{low_mean,low_min,high_mean,high_max,region_mean}; ours: ratio/{mean,max},
  // logp_difference/{mean,max}. What was not measured is left out.
  std::vector<std::pair<std::string, double>> rows() const;
};

}  // namespace lockstep::rl
