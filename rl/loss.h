// SPDX-License-Identifier: Apache-2.0
// The GRPO loss, as one pure function over flat token-major vectors (completions only, ragged).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "kernels/tensor.h"
#include "rl/loss_metrics.h"

namespace lockstep::rl {

struct LossConfig {
  double beta = 0.0;
  double epsilon = 0.2;
  std::optional<double> epsilon_high = {};
  std::optional<double> delta = {};
  std::string loss_type = "grpo";
  std::string importance_sampling_level = "token";
  bool use_bias_correction_kl = false;
  double importance_sampling_clip_max = 3.0;

  void visit(auto&& field) {
    field("beta", beta, "weight of the KL term; 0 loads no reference model (DeepSeekMath 0.04, R1 0.001)", at_least(0));
    field("epsilon", epsilon, "the ratio is clipped below at 1 - epsilon (R1 stage 1 uses 10)", above(0));
    field("epsilon_high", epsilon_high, "the ratio is clipped above at 1 + epsilon_high; unset = epsilon (DAPO 0.28)",
          above(0));
    field("delta", delta, "two-sided clip: upper bound of the ratio whatever the sign of the advantage; unset = none",
          above(1));
    field("loss_type", loss_type, "aggregation over tokens and samples", one_of({"grpo", "dapo", "dr_grpo", "bnpo"}));
    field("importance_sampling_level", importance_sampling_level,
          "ratio of a token, geometric mean over the sample (GSPO), or product over the sample (R1 eq. 1)",
          one_of({"token", "sequence", "product"}));
    field("use_bias_correction_kl", use_bias_correction_kl,
          "multiply the KL term by the ratio (TRL 1.16's default; not in DeepSeekMath)", any());
    field("importance_sampling_clip_max", importance_sampling_clip_max,
          "upper bound of pi_old / pi_sampler of a token, by which its term is multiplied where the two are not the same policy",
          above(0));
  }
};

// What the sums of one whole update are divided by: the same for each of its micro-batches and data-parallel
// shards, so that their losses and gradients *add up* to those of the whole update.
struct LossTotals {
  double num_samples = 0;            // all completions of the update, fully masked ones included
  double num_tokens = 0;             // all unmasked tokens of the update
  double max_completion_length = 0;  // dr_grpo's constant length
};

struct LossInput {
  Tensor logprobs;      // [N] f32|f64, log pi(o_t | q, o_<t); the gradient flows into it
  Tensor old_logprobs;  // [N], of the policy before the update; undefined = the same as logprobs (ratio 1)
  Tensor sampling_logprobs;  // [N], of what drew the tokens, if that was not the old policy itself; else undefined
  Tensor ref_logprobs;  // [N], of the reference model; may be undefined when beta is 0
  Tensor advantages;    // [N], that of the token's sample
  Tensor mask;          // [N], 1 = counts, 0 = contributes exactly nothing; undefined = all ones
  Tensor entropy;       // [N] nats, for the metrics only; undefined = none
  std::vector<int64_t>
      sample_offsets;  // [S + 1], tokens of sample i are [offsets[i], offsets[i + 1]); samples are whole
};

struct LossOutput {
  Tensor loss;  // scalar, dtype and device of logprobs; backward() gives each token its exact derivative
  LossMetrics metrics;
};

// DeepSeekMath eq. 3 (arXiv:2402.03300), negated to be minimised:
//   - sum_i w_i sum_t { min[ rho_it A_it, clip(rho_it, 1 - epsilon, 1 + epsilon_high) A_it ] - beta D_it }
//   D_it = e^d - d - 1 with d = log pi_ref - log pi   (the k3 estimator, eq. 4, part of the loss and not of
//   the reward)
// w_i by loss_type, with |o_i| the number of unmasked tokens:
//   grpo     1 / (samples * |o_i|)                     DeepSeekMath eq. 3
//   dapo     1 / tokens                                DAPO, arXiv:2503.14476
//   dr_grpo  1 / (samples * max_completion_length)     Dr.GRPO, arXiv:2503.20783
//   bnpo     (share of the update's samples) / (tokens of this call): TRL's "local batch", the only one that
//   depends on
//            how the update is cut into calls
// rho by importance_sampling_level: token; sequence exp(mean_t log rho_t), GSPO (arXiv:2507.18071); product
// exp(sum_t log rho_t), R1 eq. 1 (arXiv:2501.12948). D stays per token at every level: the whole-output form
// that R1 writes has an e^d that overflows on long outputs. Computed token by token in f64 with
// rl/exact_math.h, on the CPU whatever the device: the gradient of a token has the same bits in any
// micro-batch, on any machine. Ratios are capped at e^40 to keep an infinite one from hiding its token.
// Error: shapes that do not match, mask values other than 0 and 1, an unmasked log-probability or advantage
// that is not finite (named by sample and token), beta > 0 without ref_logprobs, unknown options.
LossOutput grpo_loss(const LossInput& input, const LossTotals& totals, const LossConfig& config);

}  // namespace lockstep::rl
