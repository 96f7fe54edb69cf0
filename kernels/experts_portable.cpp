// SPDX-License-Identifier: Apache-2.0
// Routed experts in torch operations: slots sorted by expert, one matrix product per expert, gathered back in slot order.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

struct Slots {
  Tensor order;                // [N K] i64: slot at each sorted place
  Tensor place;                // [N K] i64: its inverse
  Tensor tokens;               // [N K] i64: token at each sorted place
  Tensor counts;               // [E] i64
  std::vector<int64_t> count;  // the same on the host
};

Slots sort_slots(const Tensor& experts, int64_t num_experts) {
  Slots s;
  const auto flat = experts.reshape({-1});
  s.order = std::get<1>(flat.sort(/*stable=*/true, 0, false));
  s.place = at::empty_like(s.order);
  s.place.scatter_(0, s.order, at::arange(s.order.size(0), s.order.options()));
  s.tokens = s.order.div(experts.size(1), "floor");
  s.counts = at::bincount(flat, {}, num_experts);
  const auto host = s.counts.to(at::kCPU);
  s.count.assign(host.const_data_ptr<int64_t>(), host.const_data_ptr<int64_t>() + num_experts);
  return s;
}

// out[rows of e] = in[rows of e] @ weights[e]^T (or @ weights[e]).
Tensor grouped_mm(const Tensor& in, const Tensor& weights, const std::vector<int64_t>& count, bool transpose) {
  auto out = at::empty({in.size(0), transpose ? weights.size(1) : weights.size(2)}, in.options());
  int64_t begin = 0;
  for (size_t e = 0; e < count.size(); begin += count[e++]) {
    if (count[e] == 0) continue;
    auto rows = out.narrow(0, begin, count[e]);
    const auto w = weights.select(0, static_cast<int64_t>(e));
    at::mm_out(rows, in.narrow(0, begin, count[e]), transpose ? w.t() : w);
  }
  return out;
}

// d weights[e] = grad[rows of e]^T @ in[rows of e].
Tensor grouped_weight_grad(const Tensor& grad, const Tensor& in, const Tensor& weights, const std::vector<int64_t>& count) {
  auto out = at::zeros_like(weights);
  int64_t begin = 0;
  for (size_t e = 0; e < count.size(); begin += count[e++]) {
    if (count[e] == 0) continue;
    auto w = out.select(0, static_cast<int64_t>(e));
    at::mm_out(w, grad.narrow(0, begin, count[e]).t(), in.narrow(0, begin, count[e]));
  }
  return out;
}

// Slots [N, K, D] weighted by [N, K] and summed in slot order.
Tensor combine(const Tensor& slots, const Tensor& weights) {
  auto out = slots.select(1, 0) * weights.narrow(1, 0, 1);
  for (int64_t k = 1; k < slots.size(1); ++k) out.addcmul_(slots.select(1, k), weights.narrow(1, k, 1));
  return out;
}

struct ExpertsFunction : torch::autograd::Function<ExpertsFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& x,
                        const Tensor& weights,
                        const Tensor& gate_up,
                        const Tensor& down,
                        const Slots* slots) {
    const auto rows = x.index_select(0, slots->tokens);
    const auto hidden = grouped_mm(rows, gate_up, slots->count, true);
    const auto active = swiglu(hidden);
    const auto out = grouped_mm(active, down, slots->count, true);
    const auto by_slot = out.index_select(0, slots->place).view({x.size(0), weights.size(1), x.size(1)});
    context->save_for_backward({rows, hidden, active, by_slot, weights, gate_up, down, slots->order, slots->place});
    context->saved_data["count"] = slots->count;
    return combine(by_slot, weights);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &rows = saved[0], &hidden = saved[1], &active = saved[2], &by_slot = saved[3], &weights = saved[4];
    const auto &gate_up = saved[5], &down = saved[6], &order = saved[7], &place = saved[8];
    const auto count = context->saved_data["count"].toIntVector();
    const auto g = grads[0];
    const auto d_weights = by_slot.matmul(g.unsqueeze(-1)).squeeze(-1).to(weights.scalar_type());
    const auto d_slots = (g.unsqueeze(1) * weights.to(g.scalar_type()).unsqueeze(-1)).view({-1, g.size(1)});
    const auto d_out = d_slots.index_select(0, order);
    const auto d_active = grouped_mm(d_out, down, count, false);
    const auto d_down = grouped_weight_grad(d_out, active, down, count);
    const auto d_hidden = swiglu_backward(d_active, hidden);
    const auto d_gate_up = grouped_weight_grad(d_hidden, rows, gate_up, count);
    const auto d_rows = grouped_mm(d_hidden, gate_up, count, false);
    const auto dx = d_rows.index_select(0, place).view(by_slot.sizes()).sum(1);
    return {dx, d_weights, d_gate_up, d_down, Tensor()};
  }
};

}  // namespace

Tensor routed_experts(const Tensor& x,
                      const Tensor& experts,
                      const Tensor& weights,
                      const Tensor& gate_up,
                      const Tensor& down,
                      Tensor* counts) {
  LOCKSTEP_CHECK(x.dim() == 2 && gate_up.dim() == 3 && down.dim() == 3 && down.size(1) == x.size(1), "x [N, D], experts [E, ., .]");
  const auto slots = sort_slots(experts, gate_up.size(0));
  if (counts != nullptr) *counts = slots.counts;
  // bf16 models: the weights are rounded to the hidden dtype once, where they meet the slots.
  const auto w = weights.to(x.scalar_type());
  return ExpertsFunction::apply(x, w, gate_up, down, &slots);
}

}  // namespace lockstep::kernels::portable
