// SPDX-License-Identifier: Apache-2.0
// Adding up loss metrics and naming them.
#include "rl/loss_metrics.h"

#include <algorithm>

namespace lockstep::rl {

LossMetrics& LossMetrics::operator+=(const LossMetrics& other) {
  loss += other.loss;
  policy_loss += other.policy_loss;
  num_tokens += other.num_tokens;
  num_samples += other.num_samples;
  kl_sum += other.kl_sum;
  entropy_sum += other.entropy_sum;
  num_ratios += other.num_ratios;
  ratio_sum += other.ratio_sum;
  ratio_max = std::max(ratio_max, other.ratio_max);
  low_sum += other.low_sum;
  high_sum += other.high_sum;
  low_min = std::min(low_min, other.low_min);
  high_max = std::max(high_max, other.high_max);
  logp_difference_sum += other.logp_difference_sum;
  logp_difference_max = std::max(logp_difference_max, other.logp_difference_max);
  correction_sum += other.correction_sum;
  correction_max = std::max(correction_max, other.correction_max);
  has_correction |= other.has_correction;
  has_kl |= other.has_kl;
  has_entropy |= other.has_entropy;
  has_ratio |= other.has_ratio;
  return *this;
}

std::vector<std::pair<std::string, double>> LossMetrics::rows() const {
  std::vector<std::pair<std::string, double>> out = {{"loss", loss}};
  if (num_tokens == 0) return out;
  if (has_kl) {
    out.emplace_back("policy_loss", policy_loss);
    out.emplace_back("kl", kl_sum / num_tokens);
  }
  if (has_entropy) out.emplace_back("entropy", entropy_sum / num_tokens);
  if (has_ratio) {
    out.emplace_back("clip_ratio/low_mean", low_sum / num_ratios);
    out.emplace_back("clip_ratio/low_min", low_min);
    out.emplace_back("clip_ratio/high_mean", high_sum / num_ratios);
    out.emplace_back("clip_ratio/high_max", high_max);
    out.emplace_back("clip_ratio/region_mean", (low_sum + high_sum) / num_ratios);
    out.emplace_back("ratio/mean", ratio_sum / num_ratios);
    out.emplace_back("ratio/max", ratio_max);
    out.emplace_back("logp_difference/mean", logp_difference_sum / num_tokens);
    out.emplace_back("logp_difference/max", logp_difference_max);
  }
  if (has_correction) {
    out.emplace_back("sampling/importance_sampling_ratio/mean", correction_sum / num_tokens);
    out.emplace_back("sampling/importance_sampling_ratio/max", correction_max);
  }
  return out;
}

}  // namespace lockstep::rl
