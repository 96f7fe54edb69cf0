// SPDX-License-Identifier: Apache-2.0
// Routing replay (R3, arXiv:2510.11370): the learner sends tokens to the experts that the sampler used.
#pragma once

#include "rl/packing.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// The completion that sample `index` of a micro-batch is.
using CompletionOf = std::function<const rollout::Completion&(int64_t sample)>;

// Fills micro.batch.experts from what the rollout recorded: the row that predicts token t of a completion gets the experts that its
// draw used; rows of prompts but the last, which no draw saw, choose for themselves. Gates stay the learner's, with their gradient.
// Error: the completions hold no experts of this model's shape.
void replay_routing(MicroBatch& micro, const model::ModelConfig& model, const CompletionOf& completion_of);

}  // namespace lockstep::rl
