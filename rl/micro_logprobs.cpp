// SPDX-License-Identifier: Apache-2.0
// One forward pass over a micro-batch.
#include "rl/micro_logprobs.h"

#include <ATen/core/Tensor.h>

#include "kernels/token_logprobs.h"

namespace lockstep::rl {

Tensor micro_logprobs(const model::Transformer& m, const MicroBatch& micro, double temperature, Tensor* entropy) {
  const auto hidden = m.forward(micro.batch).index_select(0, micro.rows);
  auto out = kernels::token_logprobs(hidden, m.head(), micro.targets, temperature, entropy != nullptr);
  if (entropy) *entropy = out.entropy;
  return out.logprobs;
}

}  // namespace lockstep::rl
