// SPDX-License-Identifier: Apache-2.0
// What a model says about a whole rollout.
#pragma once

#include <vector>

#include "rl/learner.h"
#include "rl/run_config.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// [group][completion][token], aligned with the rollout's completions.
using CompletionLogprobs = std::vector<std::vector<std::vector<float>>>;

// One forward pass of `m` over the rollout, on the learner's shards. Leaves no gradients.
CompletionLogprobs rollout_logprobs(Learner& learner, const Rollout& rollout, const GrpoConfig& config, const model::Transformer& m);

}  // namespace lockstep::rl
