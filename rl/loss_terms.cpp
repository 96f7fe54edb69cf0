// SPDX-License-Identifier: Apache-2.0
// The policy's terms, with every derivative written out.
#include "rl/loss_terms.h"

#include <algorithm>
#include <cmath>

#include "rl/exact_math.h"

namespace lockstep::rl {
namespace {

PolicyTerm clipped(const PolicyOptions& o, double ratio, double advantage) {
  const double bounded = std::min(ratio, o.delta);
  const double in_region = std::clamp(ratio, o.ratio_low, o.ratio_high);
  const double free_slope = ratio <= o.delta ? ratio : 0.0;
  const double region_slope = in_region == ratio ? ratio : 0.0;
  PolicyTerm out;
  const bool is_free = bounded * advantage <= in_region * advantage;
  out.objective = (is_free ? bounded : in_region) * advantage;
  out.ratio_slope = (is_free ? free_slope : region_slope) * advantage;
  out.is_low_clipped = bounded < o.ratio_low && advantage < 0;
  out.is_high_clipped = bounded > o.ratio_high && advantage > 0;
  if (advantage < 0 && out.objective < o.dual * advantage) {
    out.objective = o.dual * advantage;
    out.ratio_slope = 0;
    out.is_dual_clipped = true;
  }
  return out;
}

PolicyTerm weighted_logprob(double weight, double advantage, double logprob) {
  PolicyTerm out;
  out.direct_slope = weight * advantage;
  out.objective = out.direct_slope * logprob;
  return out;
}

PolicyTerm gated(const PolicyOptions& o, double ratio, double advantage) {
  const double tau = advantage > 0 ? o.temperature_pos : o.temperature_neg;
  const double gate = 1 / (1 + exp_exact(-tau * (ratio - 1)));
  PolicyTerm out;
  out.objective = 4 / tau * gate * advantage;
  out.ratio_slope = 4 * gate * (1 - gate) * ratio * advantage;
  return out;
}

}  // namespace

double gamma_weight(const PolicyOptions& o, double advantage, double log_w) {
  constexpr double kLowest = -18.420680743952367, kHighest = 20;  // log 1e-8; TRL's bounds
  const double bounded = std::clamp(log_w, kLowest, kHighest);
  const double k = advantage >= 0 ? o.k_pos : o.k_neg;
  const double lambda = std::max(advantage >= 0 ? o.lambda_pos : o.lambda_neg, 1e-4);
  const double phi = exp_exact(lambda + k * bounded - lambda * exp_exact(bounded));
  return std::isfinite(phi) ? phi : 0.0;
}

PolicyTerm policy_term(const PolicyOptions& o, double ratio, double advantage, double logprob, double sample_log_ratio) {
  switch (o.form) {
    case PolicyForm::clipped:
      return clipped(o, ratio, advantage);
    case PolicyForm::gated:
      return gated(o, ratio, advantage);
    case PolicyForm::gamma:
      return weighted_logprob(gamma_weight(o, advantage, sample_log_ratio), advantage, logprob);
    case PolicyForm::plain:
      return weighted_logprob(1, advantage, logprob);
    case PolicyForm::capped:
      break;
  }
  PolicyTerm out = weighted_logprob(std::min(ratio, o.ratio_high), advantage, logprob);
  out.is_high_clipped = ratio > o.ratio_high && advantage > 0;
  return out;
}

}  // namespace lockstep::rl
