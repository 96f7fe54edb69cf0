// SPDX-License-Identifier: Apache-2.0
// What a model says about the targets of a micro-batch.
#pragma once

#include "model/transformer.h"
#include "rl/packing.h"

namespace lockstep::rl {

// Log-probabilities of the micro-batch's targets, [T] f32, differentiable; their entropies [T] as well where `entropy` is not null, and
// the hidden states [N, D] of the whole batch where `hidden` is not.
Tensor micro_logprobs(const model::Transformer& m, const MicroBatch& micro, double temperature, Tensor* entropy, Tensor* hidden = nullptr);

}  // namespace lockstep::rl
