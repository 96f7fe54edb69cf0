// SPDX-License-Identifier: Apache-2.0
// The GRPO loss and its relatives, as one pure function over flat token-major vectors (completions only, ragged).
#pragma once

#include <vector>

#include "kernels/tensor.h"
#include "rl/loss_config.h"
#include "rl/loss_metrics.h"
#include "rl/loss_sums.h"

namespace lockstep::rl {

struct LossInput {
  Tensor logprobs;      // [N] f32|f64, log pi(o_t | q, o_<t); the gradient flows into it
  Tensor old_logprobs;  // [N], of the policy before the update; undefined = the same as logprobs (ratio 1)
  Tensor sampling_logprobs;  // [N], of what drew the tokens, if that was not the old policy itself; else undefined
  Tensor ref_logprobs;  // [N], of the reference model; may be undefined when there is no KL term
  Tensor advantages;    // [N], that of the token's sample
  Tensor mask;          // [N], 1 = counts, 0 = contributes exactly nothing; undefined = all ones
  Tensor entropy;       // [N] nats; with an entropy bonus the gradient flows into it; undefined = none
  std::vector<int64_t>
      sample_offsets;  // [S + 1], tokens of sample i are [offsets[i], offsets[i + 1]); samples are whole
};

struct LossOutput {
  Tensor loss;  // scalar, dtype and device of logprobs; backward() gives each token its exact derivative
  LossMetrics metrics;
};

// DeepSeekMath eq. 3 (arXiv:2402.03300), negated to be minimised, with the term P and the weight w that the loss type names:
//   - sum_i w_i sum_t { c_it P(rho_it, A_it) - beta D_it } - entropy_coef mean_t H_t
//
//   loss_type  P         w_i                                           source
//   grpo       clipped   1 / (samples * |o_i|)                         DeepSeekMath eq. 3
//   dapo       clipped   1 / tokens                                    DAPO, arXiv:2503.14476
//   dr_grpo    clipped   1 / (samples * max_completion_length)         Dr.GRPO, arXiv:2503.20783
//   bnpo       clipped   (share of the update's samples) / (tokens of this call): TRL's "local batch", the only one that
//                        depends on how the update is cut into calls
//   gspo       clipped   as grpo, rho of the sequence                  GSPO, arXiv:2507.18071
//   luspo      clipped   1 / samples, rho of the sequence              LUSPO as TRL has it
//   r1         clipped   as grpo, rho the product over the sample      R1 eq. 1, arXiv:2501.12948
//   cispo      capped    1 / tokens                                    MiniMax-M1, arXiv:2506.13585
//   sapo       gated     as grpo                                       SAPO, arXiv:2511.20347
//   vespo      gamma     1 / tokens                                    VESPO, arXiv:2602.10693
//   reinforce  plain     1 / tokens                                    nanochat; over the update, not over each of its calls
//
// P: rl/loss_terms.h. |o_i| counts unmasked tokens. rho by importance_sampling_level where the type has none of its own:
// token; sequence exp(mean_t log rho_t); product exp(sum_t log rho_t). A ratio is at most e^40, to keep an infinite one from
// hiding its token.
// D: rl/kl.h; k3 unless kl_loss_type says otherwise; times rho with use_bias_correction_kl. D stays per token at every level:
// the whole-output form that R1 writes has an e^d that overflows on long outputs.
// c_it: 1, or pi_old / pi_sampler where sampling_logprobs are given (rl/importance.h); 0 for a sample that the policy has left
// behind, and for a token below totals.entropy_threshold (rl/entropy.h), neither of which leaves the counts that w divides by.
// H: the entropy of the token, its mean over the tokens at or above that threshold, whatever the loss type, as TRL has it.
//
// Computed token by token in f64 with rl/exact_math.h, on the CPU whatever the device: the gradient of a token has the same
// bits in any micro-batch, on any machine.
// Error: shapes that do not match, mask values other than 0 and 1, an unmasked log-probability or advantage
// that is not finite (named by sample and token), a KL term without ref_logprobs, unknown options.
LossOutput grpo_loss(const LossInput& input, const LossTotals& totals, const LossConfig& config);

}  // namespace lockstep::rl
