// SPDX-License-Identifier: Apache-2.0
// One update of pre-training or supervised fine-tuning: next-token loss, the MTP loss, expert load.
#pragma once

#include <vector>

#include "rl/learner.h"
#include "rl/packing.h"
#include "rl/run_config.h"

namespace lockstep::rl {

struct SupervisedMetrics {
  double loss = 0;        // mean negative log-likelihood of a trained token, nats
  double mtp_loss = 0;    // the same two tokens ahead, 0 without the module
  double aux_loss = 0;    // sequence-wise balance, mean over sequences, summed over mixture layers: 1 a layer when even
  int64_t num_tokens = 0; // trained tokens
  model::RoutingStats routing;
};

// Rows from `cursor` on until their trained tokens reach `batch_tokens`; advances the cursor.
std::vector<TextRow> next_rows(const TextRows& source, int64_t batch_tokens, uint64_t& cursor);

// Gradients of mean NLL + mtp_loss_coef * mean MTP NLL (DeepSeek-V3, arXiv:2412.19437 eq. 24-25, depth 1) over all rows;
// a coefficient of 0 leaves the module out; aux_loss_alpha likewise the balance loss of rl/balance_loss.h.
SupervisedMetrics accumulate_supervised(Learner& learner,
                                        const std::vector<TextRow>& rows,
                                        double mtp_loss_coef,
                                        int64_t max_tokens,
                                        double aux_loss_alpha = 0);

// Auxiliary-loss-free balancing (arXiv:2408.15664): the bias of each expert moves by `rate` against the sign of its excess
// load over the whole batch.
void update_router_bias(model::Transformer& model, const model::RoutingStats& routing, double rate);
// Largest ratio of an expert's load to the mean over all layers, minus 1 (0: even).
double max_violation(const model::RoutingStats& routing);

}  // namespace lockstep::rl
