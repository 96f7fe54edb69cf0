// SPDX-License-Identifier: Apache-2.0
// One forward pass over a micro-batch.
#include "rl/micro_logprobs.h"

#include <ATen/core/Tensor.h>

#include "kernels/token_logprobs.h"

namespace lockstep::rl {

Tensor micro_logprobs(const model::Transformer& m, const MicroBatch& micro, double temperature, Tensor* entropy, Tensor* hidden) {
  const auto states = m.forward(micro.batch);
  if (hidden) *hidden = states;
  auto out = kernels::token_logprobs(states.index_select(0, micro.rows), m.head(), micro.targets, temperature, entropy != nullptr);
  if (entropy) *entropy = out.entropy;
  return out.logprobs;
}

}  // namespace lockstep::rl
