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
  dual_sum += other.dual_sum;
  gamma_sum += other.gamma_sum;
  num_too_far_off += other.num_too_far_off;
  num_bonus_tokens += other.num_bonus_tokens;
  bonus_entropy_sum += other.bonus_entropy_sum;
  num_corrections += other.num_corrections;
  correction_sum += other.correction_sum;
  correction_min = std::min(correction_min, other.correction_min);
  correction_max = std::max(correction_max, other.correction_max);
  has_correction |= other.has_correction;
  mtp_loss_sum += other.mtp_loss_sum;
  num_mtp_tokens += other.num_mtp_tokens;
  has_kl |= other.has_kl;
  has_bonus |= other.has_bonus;
  has_clip |= other.has_clip;
  has_cap |= other.has_cap;
  has_gamma |= other.has_gamma;
  has_dual_clip |= other.has_dual_clip;
  has_off_policy_mask |= other.has_off_policy_mask;
  has_entropy |= other.has_entropy;
  has_ratio |= other.has_ratio;
  return *this;
}

void LossMetrics::add_clip_rows(std::vector<std::pair<std::string, double>>& out) const {
  if (has_clip) {
    out.emplace_back("clip_ratio/low_mean", low_sum / num_ratios);
    out.emplace_back("clip_ratio/low_min", low_min);
    out.emplace_back("clip_ratio/high_mean", high_sum / num_ratios);
    out.emplace_back("clip_ratio/high_max", high_max);
    out.emplace_back("clip_ratio/region_mean", (low_sum + high_sum) / num_ratios);
  }
  if (has_cap) out.emplace_back("cispo_clip_ratio", high_sum / num_ratios);
  if (has_gamma) out.emplace_back("vespo/phi_seq_mean", gamma_sum / num_samples);
  if (has_dual_clip) out.emplace_back("clip_ratio/dual_mean", dual_sum / num_ratios);
}

std::vector<std::pair<std::string, double>> LossMetrics::rows() const {
  std::vector<std::pair<std::string, double>> out = {{"loss", loss}};
  if (num_tokens == 0) return out;
  if (has_kl || has_bonus) out.emplace_back("policy_loss", policy_loss);
  if (has_kl) out.emplace_back("kl", kl_sum / num_tokens);
  if (num_mtp_tokens > 0) out.emplace_back("mtp_loss", mtp_loss_sum / num_mtp_tokens);
  if (has_entropy) out.emplace_back("entropy", entropy_sum / num_tokens);
  if (has_ratio) {
    add_clip_rows(out);
    out.emplace_back("ratio/mean", ratio_sum / num_ratios);
    out.emplace_back("ratio/max", ratio_max);
    out.emplace_back("logp_difference/mean", logp_difference_sum / num_tokens);
    out.emplace_back("logp_difference/max", logp_difference_max);
  }
  if (has_off_policy_mask) out.emplace_back("off_policy_mask/frac_samples", num_too_far_off / num_samples);
  if (has_correction) {
    out.emplace_back("sampling/importance_sampling_ratio/min", correction_min);
    out.emplace_back("sampling/importance_sampling_ratio/mean", correction_sum / num_corrections);
    out.emplace_back("sampling/importance_sampling_ratio/max", correction_max);
  }
  return out;
}

}  // namespace lockstep::rl
