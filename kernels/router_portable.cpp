// SPDX-License-Identifier: Apache-2.0
// Expert choice in torch operations.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <limits>

#include "base/error.h"
#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

// Indices of the k largest per row, best first, ties to the lowest index (torch's topk leaves ties open).
Tensor top_indices(const Tensor& values, int64_t k) {
  return std::get<1>(values.sort(/*stable=*/true, /*dim=*/-1, /*descending=*/true)).narrow(-1, 0, k);
}

// -inf outside the kept groups.
Tensor mask_groups(const Tensor& choice, const RouterOptions& o) {
  const auto grouped = choice.view({choice.size(0), o.n_group, -1});
  const auto score = o.group_score == RouterOptions::GroupScore::max
                         ? grouped.amax(-1)
                         : std::get<0>(grouped.topk(2, -1)).sum(-1);
  const auto kept = top_indices(score, o.topk_group);
  auto mask = at::full_like(score, -std::numeric_limits<double>::infinity());
  mask.scatter_(1, kept, 0.0);
  return (grouped + mask.unsqueeze(-1)).view(choice.sizes());
}

Tensor choose(const Tensor& scores, const Tensor& bias, const RouterOptions& o) {
  const c10::AutoGradMode no_grad(false);
  auto choice = bias.defined() ? scores + bias : scores;
  if (o.group_score != RouterOptions::GroupScore::none && o.n_group > 1) choice = mask_groups(choice, o);
  return top_indices(choice, o.num_experts_per_tok).contiguous();
}

}  // namespace

Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options, const Tensor& given) {
  LOCKSTEP_CHECK(logits.dim() == 2 && logits.scalar_type() == at::kFloat, "router logits are [N, E] f32");
  const auto scores = options.scoring == RouterOptions::Scoring::sigmoid ? at::sigmoid(logits) : at::softmax(logits, -1);
  auto experts = choose(scores.detach(), bias, options);
  if (given.defined()) experts = at::where(given.narrow(1, 0, 1).ge(0), given, experts);
  auto weights = scores.gather(1, experts);
  if (options.norm_topk_prob) weights = weights / (weights.sum(-1, true) + options.norm_eps);
  if (options.routed_scaling_factor != 1.0) weights = weights * options.routed_scaling_factor;
  return {experts, weights};
}

}  // namespace lockstep::kernels::portable
