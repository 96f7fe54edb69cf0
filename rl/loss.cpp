// SPDX-License-Identifier: Apache-2.0
// The loss on tensors: to f64 arrays, through rl/loss_sums.h, and back as one differentiable scalar.
#include "rl/loss.h"

#include <ATen/ops/add.h>

#include <utility>

#include "base/error.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {
namespace {

LossArrays arrays_of(const LossInput& input) {
  const auto size = static_cast<size_t>(input.logprobs.size(0));
  LossArrays out;
  out.logprobs = flat_values(input.logprobs, size, 0, "logprobs");
  out.old = input.old_logprobs.defined() ? flat_values(input.old_logprobs, size, 0, "old_logprobs") : out.logprobs;
  out.sampling = input.sampling_logprobs.defined() ? flat_values(input.sampling_logprobs, size, 0, "sampling_logprobs") : out.old;
  out.ref = flat_values(input.ref_logprobs, size, 0, "ref_logprobs");
  out.advantages = flat_values(input.advantages, size, 0, "advantages");
  out.mask = flat_values(input.mask, size, 1, "mask");
  out.entropy = flat_values(input.entropy, size, 0, "entropy");
  out.offsets = input.sample_offsets;
  out.has_sampling = input.sampling_logprobs.defined();
  out.has_entropy = input.entropy.defined();
  return out;
}

}  // namespace

LossOutput grpo_loss(const LossInput& input, const LossTotals& totals, const LossConfig& config) {
  const LossOptions options = resolve(config);
  LOCKSTEP_CHECK(input.advantages.defined(), "advantages are required");
  LOCKSTEP_CHECK(options.beta == 0 || input.ref_logprobs.defined(), "beta != 0 needs ref_logprobs");
  LossSum sum(arrays_of(input), totals, options);
  for (size_t sample = 0; sample < sum.num_samples(); ++sample) sum.add(sample);
  LossOutput out{scalar_with_gradient(input.logprobs, sum.metrics().loss, sum.gradient()), sum.metrics()};
  if (!sum.entropy_gradient().empty()) out.loss = out.loss.add(scalar_with_gradient(input.entropy, 0, sum.entropy_gradient()));
  return out;
}

}  // namespace lockstep::rl
