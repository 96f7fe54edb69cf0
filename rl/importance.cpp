// SPDX-License-Identifier: Apache-2.0
// Truncated and masked importance weights, and the mask of samples that the policy has left behind.
#include "rl/importance.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/f64_math.h"
#include "rl/exact_math.h"

namespace lockstep::rl {

double Correction::weight(double log_ratio) const {
  const double ratio = exp_exact(log_ratio);
  const bool is_truncated = mode == CorrectionMode::token_truncate || mode == CorrectionMode::sequence_truncate;
  if (is_truncated) return std::clamp(ratio, min, max);
  return ratio < min || ratio > max ? 0.0 : ratio;
}

double Correction::bounded_log_weight(double log_ratio) const {
  constexpr double kLowest = -18.420680743952367;  // log 1e-8
  const double ratio = weight(log_ratio);
  return ratio < 1e-8 ? kLowest : std::min(kernels::cpu::log_f64(ratio), 20.0);
}

CorrectionMode correction_mode(std::string_view name) {
  if (name == "token_truncate") return CorrectionMode::token_truncate;
  if (name == "token_mask") return CorrectionMode::token_mask;
  if (name == "sequence_truncate") return CorrectionMode::sequence_truncate;
  if (name == "sequence_mask") return CorrectionMode::sequence_mask;
  throw Error(cat("unknown importance_sampling_mode \"", name, "\""), "importance_sampling_mode",
              "use token_truncate, token_mask, sequence_truncate or sequence_mask");
}

bool is_too_far_off(double advantage, double mean_log_ratio, std::optional<double> threshold) {
  return threshold && advantage < 0 && mean_log_ratio > *threshold;
}

}  // namespace lockstep::rl
