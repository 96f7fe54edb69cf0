// SPDX-License-Identifier: Apache-2.0
// What a forward pass of a model costs at least: operations and bytes, from its config.
#pragma once

#include <cstdint>

#include "model/model_config.h"

namespace lockstep::model {

struct TokenCost {
  double matrix_flops = 0;             // of one token through all layers and the head: 2 per weight that it meets
  double attention_flops_per_key = 0;  // of one token and one key that it sees, over all layers and heads
  double weights_met = 0;              // of one token: experts that it is not routed to left out
  double weights_total = 0;            // of all products; what a large batch reads
};

// The embedding's gather, norms, routers' choice and softmax are left out; MTP modules too, which a rollout does not run.
TokenCost token_cost(const ModelConfig& config);

}  // namespace lockstep::model
