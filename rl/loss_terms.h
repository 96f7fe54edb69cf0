// SPDX-License-Identifier: Apache-2.0
// The policy's term of one token, to be maximised, with its derivatives: one function for every form of it.
#pragma once

#include "rl/loss_options.h"

namespace lockstep::rl {

struct PolicyTerm {
  double objective = 0;
  double ratio_slope = 0;   // d objective / d log rho, through the ratio
  double direct_slope = 0;  // d objective / d log pi of the token itself, where a constant multiplies log pi
  bool is_low_clipped = false, is_high_clipped = false, is_dual_clipped = false;
};

// rho is the ratio of the token or of its sample, A the advantage; [x] has no gradient.
//   clipped  min(rho A, clip(rho, 1 - epsilon, 1 + epsilon_high) A)      PPO (arXiv:1707.06347) eq. 7
//            with delta, rho is at most delta in its first place: INTELLECT-2, arXiv:2505.07291
//            with clip_ratio_c, for A < 0 at least c A: dual-clip PPO, arXiv:1912.09729. Where c > 1 + epsilon_high this is
//            delta's bound under another name
//   capped   [min(rho, epsilon_high)] A log pi                           CISPO, MiniMax-M1 (arXiv:2506.13585) eq. 4, 5; no lower
//            bound, as in its experiments; the cap is of the ratio itself, as ScaleRL (arXiv:2510.13786) and TRL have it
//   gated    4 / tau sigmoid(tau (rho - 1)) A, tau by the sign of A      SAPO (arXiv:2511.20347)
//   gamma    [phi(w)] A log pi, phi(w) = e^lambda w^k e^(-lambda w)      VESPO as TRL has it; w: `sample_log_ratio`
//   plain    A log pi                                                    REINFORCE (Williams, 1992), nanochat's form
// `sample_log_ratio` = log w is the summed log ratio of the sample, read by gamma only.
PolicyTerm policy_term(const PolicyOptions& options, double ratio, double advantage, double logprob, double sample_log_ratio);

// phi(w) of VESPO, k and lambda by the sign of the advantage; 0 where it overflows.
double gamma_weight(const PolicyOptions& options, double advantage, double log_w);

}  // namespace lockstep::rl
