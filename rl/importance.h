// SPDX-License-Identifier: Apache-2.0
// What a token's policy term is worth when something else than the old policy drew it, or when the policy has moved far away.
#pragma once

#include <limits>
#include <optional>
#include <string_view>

namespace lockstep::rl {

// Weight pi_old / pi_sampler, of each token or of the whole sample (the product of its tokens' ratios), as TRL's
// vllm_importance_sampling_mode: truncated to [min, max] (Ionides, 2008), or zero outside of it.
enum class CorrectionMode { token_truncate, token_mask, sequence_truncate, sequence_mask };

struct Correction {
  CorrectionMode mode = CorrectionMode::token_truncate;
  double min = 0, max = std::numeric_limits<double>::infinity();

  bool is_of_sample() const { return mode == CorrectionMode::sequence_truncate || mode == CorrectionMode::sequence_mask; }
  double weight(double log_ratio) const;  // log_ratio = log pi_old - log pi_sampler, of a token or summed over the sample
  double bounded_log_weight(double log_ratio) const;  // log weight(log_ratio), kept within [log 1e-8, 20]
};

// Error that names the choices on any other name.
CorrectionMode correction_mode(std::string_view name);

// Off-policy sequence masking (DeepSeek-V3.2 eq. 9, arXiv:2512.02556): a sample of negative advantage whose mean over tokens of
// log pi_sampler - log pi exceeds `threshold` has no policy term.
bool is_too_far_off(double advantage, double mean_log_ratio, std::optional<double> threshold);

}  // namespace lockstep::rl
