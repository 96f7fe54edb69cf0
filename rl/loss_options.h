// SPDX-License-Identifier: Apache-2.0
// A loss config with its names looked up: what the arithmetic reads.
#pragma once

#include <limits>
#include <optional>

#include "rl/importance.h"
#include "rl/kl.h"
#include "rl/loss_config.h"

namespace lockstep::rl {

// What a sample's tokens are divided by; see the table of rl/loss.h.
enum class Aggregation { sample_mean, sample_sum, token_mean, constant_length, call_token_mean };
// What one ratio spans: a token, or a sample by its geometric mean or its product.
enum class RatioLevel { token, sequence, product };
// The term of one token.
enum class PolicyForm { clipped, capped, gated, gamma, plain };

struct PolicyOptions {
  PolicyForm form = PolicyForm::clipped;
  double ratio_low = 0, ratio_high = 0;  // clipped; the upper one is the cap of `capped`
  double delta = std::numeric_limits<double>::infinity(), dual = std::numeric_limits<double>::infinity();
  double temperature_pos = 1, temperature_neg = 1;                  // gated
  double k_pos = 0, lambda_pos = 0, k_neg = 0, lambda_neg = 0;      // gamma
};

struct LossOptions {
  PolicyOptions policy;
  Aggregation aggregation = Aggregation::sample_mean;
  RatioLevel level = RatioLevel::token;
  double beta = 0;  // of the KL term in the loss; 0 where the KL is in the reward
  KlEstimator kl = KlEstimator::k3;
  bool corrects_kl = false;
  Correction correction;
  std::optional<double> off_policy_threshold;
};

// Error on an unknown name.
LossOptions resolve(const LossConfig& config);

// k3 in the loss and k1 in the reward unless the config names one.
KlEstimator kl_estimator_of(const LossConfig& config);

}  // namespace lockstep::rl
