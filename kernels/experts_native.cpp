// SPDX-License-Identifier: Apache-2.0
// Routed experts through our CPU kernels: slots sorted by expert, grouped matrix products, slots combined in their order.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/combine.h"
#include "kernels/native.h"
#include "kernels/native_views.h"
#include "kernels/packed_weight.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Slot n K + k is the k-th expert of token n. Sorted stably by expert, so each expert sees its tokens in order.
struct Slots {
  Tensor tokens;                 // [N K] i64: token at each sorted place
  Tensor place;                  // [N, K] i64: sorted place of each slot
  std::vector<int64_t> offsets;  // [E + 1]: sorted places of each expert
};

Slots sort_slots(const Tensor& experts, int64_t num_experts) {
  const int64_t count = experts.numel(), k = experts.size(1);
  const auto* expert = experts.const_data_ptr<int64_t>();
  Slots out{at::empty({count}, experts.options()), at::empty(experts.sizes(), experts.options()), {}};
  out.offsets.assign(static_cast<size_t>(num_experts) + 1, 0);
  for (int64_t s = 0; s < count; ++s) {
    LOCKSTEP_CHECK(expert[s] >= 0 && expert[s] < num_experts, cat("expert ", expert[s], " of ", num_experts));
    ++out.offsets[static_cast<size_t>(expert[s]) + 1];
  }
  for (size_t e = 1; e < out.offsets.size(); ++e) out.offsets[e] += out.offsets[e - 1];
  auto next = out.offsets;
  auto *tokens = out.tokens.mutable_data_ptr<int64_t>(), *place = out.place.mutable_data_ptr<int64_t>();
  for (int64_t s = 0; s < count; ++s) {
    place[s] = next[static_cast<size_t>(expert[s])]++;
    tokens[place[s]] = s / k;
  }
  return out;
}

// Calls work(expert, first sorted place, count) for every expert that has slots.
template <class Work>
void for_experts(const std::vector<int64_t>& offsets, Work&& work) {
  for (size_t e = 0; e + 1 < offsets.size(); ++e)
    if (offsets[e + 1] > offsets[e]) work(static_cast<int64_t>(e), offsets[e], offsets[e + 1] - offsets[e]);
}

// out[rows of e] = in[rows of e] weight[e]^T; with `tokens` the rows of `in` are gathered by them.
Tensor grouped(const Tensor& in, const Weight& weight, const std::vector<int64_t>& offsets, const Tensor& tokens) {
  auto out = at::empty({offsets.back(), weight.value.size(1)}, in.options());
  by_dtype(in, [&]<class T>() {
    auto rows = view<T>(in);
    rows.rows = offsets.back();
    if (tokens.defined()) rows.row_index = tokens.const_data_ptr<int64_t>();
    if (weight.packed) {
      weight.packed->visit<T>([&](const auto& packed) {
        SharedWork::for_parts(packed.count() * packed.num_panels(), [&](int64_t begin, int64_t end) {
          auto c = output(out);
          c.range = {begin, end};
          cpu::grouped_matmul({rows, offsets}, packed, c);
        });
      });
      return;
    }
    for_experts(offsets, [&](int64_t e, int64_t begin, int64_t count) {
      multiply(cpu::some_rows(rows, begin, begin + count), view<T>(weight.value.select(0, e).t()), out, begin);
    });
  });
  return out;
}

// out[rows of e] = in[rows of e] weight[e].
Tensor grouped_back(const Tensor& in, const Tensor& weight, const std::vector<int64_t>& offsets) {
  auto out = at::empty({in.size(0), weight.size(2)}, in.options());
  for_experts(offsets, [&](int64_t e, int64_t begin, int64_t count) {
    multiply(in.narrow(0, begin, count), weight.select(0, e), out.narrow(0, begin, count));
  });
  return out;
}

// d weight[e] = grad[rows of e]^T in[rows of e].
Tensor grouped_weight_grad(const Tensor& grad, const Tensor& in, const Tensor& weight, const std::vector<int64_t>& offsets) {
  auto out = at::zeros(weight.sizes(), weight.options());
  for_experts(offsets, [&](int64_t e, int64_t begin, int64_t count) {
    multiply(grad.narrow(0, begin, count).t(), in.narrow(0, begin, count), out.select(0, e));
  });
  return out;
}

// `weights` undefined: all 1.
Tensor combine(const Tensor& y, const Tensor& place, const Tensor& weights) {
  auto out = at::empty({place.size(0), y.size(1)}, y.options());
  cpu::combine_slots({.rows = place.size(0), .slots = place.size(1), .width = y.size(1), .dtype = dtype_of(y),
                      .y = y.const_data_ptr(), .slot_row = place.const_data_ptr<int64_t>(),
                      .weights = weights.defined() ? weights.const_data_ptr<float>() : nullptr,
                      .out = out.mutable_data_ptr(), .y_stride = y.size(1), .out_stride = y.size(1)});
  return out;
}

struct Combined {
  Tensor y, weights;
};

Combined combine_grad(const Tensor& g, const Tensor& y, const Tensor& place, const Tensor& weights) {
  Combined out{at::empty(y.sizes(), y.options()), at::empty(weights.sizes(), weights.options())};
  cpu::combine_slots_grad({.rows = place.size(0), .slots = place.size(1), .width = y.size(1), .dtype = dtype_of(y),
                           .g = g.const_data_ptr(), .y = y.const_data_ptr(), .slot_row = place.const_data_ptr<int64_t>(),
                           .weights = weights.const_data_ptr<float>(), .dy = out.y.mutable_data_ptr(),
                           .d_weights = out.weights.mutable_data_ptr<float>(),
                           .g_stride = g.size(1), .y_stride = y.size(1), .dy_stride = y.size(1)});
  return out;
}

struct ExpertsFunction : torch::autograd::Function<ExpertsFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weights, const Tensor& gate_up,
                        const Tensor& down, const Slots* slots) {
    const auto hidden = grouped(x, {gate_up}, slots->offsets, slots->tokens);
    const auto active = swiglu(hidden);
    const auto y = grouped(active, {down}, slots->offsets, {});
    context->save_for_backward({x, hidden, active, y, weights, gate_up, down, slots->tokens, slots->place});
    context->saved_data["offsets"] = slots->offsets;
    return combine(y, slots->place, weights);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &hidden = saved[1], &active = saved[2], &y = saved[3], &weights = saved[4];
    const auto &gate_up = saved[5], &down = saved[6], &tokens = saved[7], &place = saved[8];
    const auto offsets = context->saved_data["offsets"].toIntVector();
    const auto d = combine_grad(grads[0].contiguous(), y, place, weights);
    const auto d_hidden = swiglu_backward(grouped_back(d.y, down, offsets), hidden);
    const auto d_down = grouped_weight_grad(d.y, active, down, offsets);
    const auto d_gate_up = grouped_weight_grad(d_hidden, x.index_select(0, tokens), gate_up, offsets);
    const auto dx = combine(grouped_back(d_hidden, gate_up, offsets), place, {});
    return {dx, d.weights, d_gate_up, d_down, Tensor()};
  }
};

}  // namespace

Tensor routed_experts(const Tensor& x, const Tensor& experts, const Tensor& weights, const Weight& gate_up, const Weight& down,
                      Tensor* counts) {
  const auto slots = sort_slots(experts.contiguous(), gate_up.value.size(0));
  if (counts != nullptr) {
    *counts = at::empty({gate_up.value.size(0)}, experts.options());
    for (size_t e = 0; e + 1 < slots.offsets.size(); ++e)
      counts->mutable_data_ptr<int64_t>()[e] = slots.offsets[e + 1] - slots.offsets[e];
  }
  const auto w = weights.contiguous();
  if (at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad() || gate_up.value.requires_grad()))
    return ExpertsFunction::apply(x, w, gate_up.value, down.value, &slots);
  const auto active = swiglu(grouped(x, gate_up, slots.offsets, slots.tokens));
  return combine(grouped(active, down, slots.offsets, {}), slots.place, w);
}

}  // namespace lockstep::kernels::native
