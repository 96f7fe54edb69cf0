// SPDX-License-Identifier: Apache-2.0
// The loss over flat f64 arrays, sample by sample, with the derivative for each token: no tensors, no autograd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "rl/loss_metrics.h"
#include "rl/loss_options.h"
#include "rl/loss_terms.h"

namespace lockstep::rl {

// What the sums of one whole update are divided by: the same for each of its micro-batches and data-parallel
// shards, so that their losses and gradients *add up* to those of the whole update.
struct LossTotals {
  double num_samples = 0;            // all completions of the update, fully masked ones included
  double num_tokens = 0;             // all unmasked tokens of the update
  double max_completion_length = 0;  // dr_grpo's constant length
  double entropy_coef = 0;           // of the entropy bonus, as it stands for this update
  // Tokens of less entropy have no policy term and no bonus (rl/entropy.h).
  double entropy_threshold = -std::numeric_limits<double>::infinity();
  double num_entropy_tokens = 0;     // unmasked tokens at or above the threshold; 0 = num_tokens
  double num_mtp_tokens = 0;         // predictions of the MTP module (rl/mtp_loss.h); 0: it is not trained
};

// What rl/loss.h describes, tensor by tensor.
struct LossArrays {
  std::vector<double> logprobs, old, sampling, ref, advantages, mask, entropy;  // [N]
  std::vector<int64_t> offsets;                                                 // [S + 1]
  bool has_sampling = false, has_entropy = false;
};

class LossSum {
 public:
  // Faults of the caller (shapes, masks, totals) are reported as such.
  LossSum(LossArrays arrays, const LossTotals& totals, const LossOptions& options);

  size_t num_samples() const { return in_.offsets.size() - 1; }
  // Error that names sample and token where an unmasked value is not finite.
  void add(size_t index);

  const LossMetrics& metrics() const { return metrics_; }
  const std::vector<double>& gradient() const { return gradient_; }                  // [N], d loss / d logprobs
  const std::vector<double>& entropy_gradient() const { return entropy_gradient_; }  // [N], empty without a bonus

 private:
  struct Sample;
  void check() const;
  void check_token(size_t index, size_t first, size_t token) const;
  Sample read(size_t index) const;
  double sample_weight(double length) const;
  void add_tokens(Sample& sample);    // one ratio per token
  void add_sequence(Sample& sample);  // one ratio for all tokens
  // The terms of one token for a fixed ratio; returns d loss / d log rho.
  double add_token(Sample& sample, size_t token, double ratio);
  double add_kl(const Sample& sample, size_t token, double ratio);
  void add_entropy(size_t token, bool is_counted);
  double policy_weight(Sample& sample, size_t token);
  void count_correction(double weight);
  void count_ratio(Sample& sample, double ratio, const PolicyTerm& term);
  void count_sample(const Sample& sample);

  LossArrays in_;
  LossTotals totals_;
  LossOptions options_;
  double tokens_here_ = 0;
  std::vector<double> gradient_, entropy_gradient_;
  LossMetrics metrics_;
};

}  // namespace lockstep::rl
