// SPDX-License-Identifier: Apache-2.0
// The loss of the multi-token-prediction module, for pre-training, fine-tuning and reinforcement learning alike.
#pragma once

#include "model/transformer.h"
#include "rl/packing.h"

namespace lockstep::rl {

struct MtpLoss {
  Tensor loss;           // scalar; undefined when no sample is long enough
  double value = 0;      // of it
  double num_tokens = 0; // predictions
};

// Sum over predictions of -log p(t_{i+2} | ...) / total (DeepSeek-V3, arXiv:2412.19437 eq. 24-25, depth 1), from the hidden states
// [N, D] of model.forward(micro.batch). Samples must not share prompts: after a shared one each has a next token of its own. `is_detached`: the gradient ends at the module; trunk, embedding
// and head get none of it.
MtpLoss mtp_loss(const model::Transformer& model, const MicroBatch& micro, const Tensor& hidden, double total, bool is_detached,
                 model::RoutingStats* stats = nullptr);

// Predictions of a sample with so many targets: the last one has no target after it.
inline int64_t num_mtp_targets(int64_t num_targets) { return num_targets > 0 ? num_targets - 1 : 0; }

}  // namespace lockstep::rl
