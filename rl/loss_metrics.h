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
  double policy_loss = 0;  // the same without the KL term and the entropy bonus
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
  double dual_sum = 0;         // ratios at the dual clip
  double gamma_sum = 0;        // phi(w) of VESPO over samples
  double num_too_far_off = 0;  // samples without a policy term, because the policy has left them behind
  // Tokens at or above the entropy threshold (all tokens where there is none): what the bonus acts on.
  double num_bonus_tokens = 0, bonus_entropy_sum = 0;
  // Importance weights after truncation or masking, one per token or per sample.
  double num_corrections = 0, correction_sum = 0, correction_max = 0;
  double correction_min = std::numeric_limits<double>::infinity();
  double mtp_loss_sum = 0, num_mtp_tokens = 0;  // of the multi-token-prediction module, where it is trained
  bool has_kl = false, has_bonus = false, has_entropy = false, has_ratio = false, has_correction = false;
  bool has_clip = false, has_cap = false, has_gamma = false, has_dual_clip = false, has_off_policy_mask = false;

  LossMetrics& operator+=(const LossMetrics& other);

  // TRL's names: loss, policy_loss, kl, entropy, clip_ratio/{low_mean,low_min,high_mean,high_max,region_mean},
  // cispo_clip_ratio, vespo/phi_seq_mean, sampling/importance_sampling_ratio/{min,mean,max}; ours: ratio/{mean,max},
  // clip_ratio/dual_mean (verl: actor/pg_clipfrac_lower), off_policy_mask/frac_samples, logp_difference/{mean,max}. What was
  // not measured is left out.
  std::vector<std::pair<std::string, double>> rows() const;

 private:
  void add_clip_rows(std::vector<std::pair<std::string, double>>& out) const;
};

}  // namespace lockstep::rl
