// SPDX-License-Identifier: Apache-2.0
// Expert choice through our CPU kernel.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cpu/router.h"
#include "kernels/native.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cpu::RouterRules rules_of(const RouterOptions& o, int64_t num_experts) {
  using Rules = cpu::RouterRules;
  Rules rules;
  rules.scoring = o.scoring == RouterOptions::Scoring::sigmoid ? Rules::Scoring::sigmoid : Rules::Scoring::softmax;
  // One group of all experts is always kept.
  if (o.n_group > 1 && o.group_score == RouterOptions::GroupScore::max) rules.group_score = Rules::GroupScore::max;
  if (o.n_group > 1 && o.group_score == RouterOptions::GroupScore::sum_of_top2) rules.group_score = Rules::GroupScore::sum_of_top2;
  rules.num_experts = num_experts;
  rules.num_experts_per_tok = o.num_experts_per_tok;
  rules.n_group = o.n_group;
  rules.topk_group = o.topk_group;
  rules.norm_topk_prob = o.norm_topk_prob;
  rules.norm_eps = static_cast<float>(o.norm_eps);
  rules.routed_scaling_factor = static_cast<float>(o.routed_scaling_factor);
  return rules;
}

struct Routed {
  Tensor scores, experts, weights;
};

Routed forward(const Tensor& input, const Tensor& bias, const cpu::RouterRules& rules, const Tensor& given) {
  const auto logits = input.contiguous();
  const auto b = bias.defined() ? bias.contiguous() : bias, g = given.defined() ? given.contiguous() : given;
  const int64_t n = logits.size(0), k = rules.num_experts_per_tok;
  Routed out{at::empty(logits.sizes(), logits.options()), at::empty({n, k}, logits.options().dtype(at::kLong)),
             at::empty({n, k}, logits.options())};
  cpu::route(rules, {.rows = n, .logits = logits.const_data_ptr<float>(), .stride = logits.size(1),
                     .bias = b.defined() ? b.const_data_ptr<float>() : nullptr,
                     .scores = out.scores.mutable_data_ptr<float>(), .experts = out.experts.mutable_data_ptr<int64_t>(),
                     .weights = out.weights.mutable_data_ptr<float>(),
                     .given = g.defined() ? g.const_data_ptr<int64_t>() : nullptr});
  return out;
}

struct RouterFunction : torch::autograd::Function<RouterFunction> {
  struct Saved : torch::CustomClassHolder {
    explicit Saved(const cpu::RouterRules& r) : rules(r) {}
    cpu::RouterRules rules;
  };
  static variable_list forward(AutogradContext* context, const Tensor& logits, const Tensor& bias, const cpu::RouterRules* rules,
                               const Tensor& given) {
    const auto out = native::forward(logits, bias, *rules, given.numel() > 0 ? given : Tensor());
    context->save_for_backward({out.scores, out.experts});
    context->saved_data["rules"] = c10::IValue::make_capsule(c10::make_intrusive<Saved>(*rules));
    context->mark_non_differentiable({out.experts});
    return {out.experts, out.weights};
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto held = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["rules"].toCapsule());
    const auto g = grads[1].contiguous();
    auto d_logits = at::empty(saved[0].sizes(), saved[0].options());
    cpu::route_grad(held->rules, {.rows = g.size(0), .scores = saved[0].const_data_ptr<float>(),
                                  .experts = saved[1].const_data_ptr<int64_t>(), .d_weights = g.const_data_ptr<float>(),
                                  .d_logits = d_logits.mutable_data_ptr<float>(), .d_logits_stride = d_logits.size(1)});
    return {d_logits, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options, const Tensor& given) {
  const auto rules = rules_of(options, logits.size(1));
  if (!at::GradMode::is_enabled() || !logits.requires_grad()) {
    const auto out = forward(logits, bias, rules, given);
    return {out.experts, out.weights};
  }
  // Autograd wants defined inputs.
  const auto no_bias = at::zeros({logits.size(1)}, logits.options()), none = at::empty({0}, logits.options().dtype(at::kLong));
  const auto out = RouterFunction::apply(logits, bias.defined() ? bias : no_bias, &rules, given.defined() ? given : none);
  return {out[0], out[1]};
}

}  // namespace lockstep::kernels::native
