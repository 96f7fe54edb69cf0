// SPDX-License-Identifier: Apache-2.0
// Attention through our CPU kernel, with its gradient.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/cpu/attention.h"
#include "kernels/native.h"
#include "kernels/native_views.h"
#include "kernels/shared_work.h"

namespace lockstep::kernels::native {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [rows, heads, dim] with adjacent elements.
cpu::ConstHeads read(const Tensor& x) {
  if (!x.defined()) return {};
  LOCKSTEP_CHECK(x.stride(2) == 1 || x.size(2) == 1, "the elements of a head lie side by side");
  return {x.const_data_ptr(), x.stride(0), x.stride(1)};
}
cpu::Heads write(const Tensor& x) { return x.defined() ? cpu::Heads{x.mutable_data_ptr(), x.stride(0), x.stride(1)} : cpu::Heads{}; }

struct Call {
  AttentionPlan plan;
  cpu::AttentionShape shape;
  const cpu::AttentionPlan& spans() const { return plan.ragged(shape.num_heads / shape.num_key_heads); }
};

Call make_call(const Tensor& q, const Tensor& keys, const Tensor& values, int64_t value_dim, const AttentionPlan& plan, double scale) {
  return {plan, {q.size(1), keys.size(1), keys.size(2), value_dim, !values.defined(), static_cast<float>(scale), dtype_of(q)}};
}

// Units [begin, end) of (key head, panel), counted head by head.
void attend(const cpu::AttentionForward& io, const cpu::AttentionPlan& spans, int64_t begin, int64_t end) {
  const auto panels = static_cast<int64_t>(spans.panels.size());
  if (begin == 0 && end == panels * io.shape.num_key_heads) {
    cpu::attention(io, spans, {0, panels, 0, io.shape.num_key_heads});
    return;
  }
  for (int64_t head = begin / panels; head * panels < end; ++head) {
    const int64_t first = head * panels;
    cpu::attention(io, spans, {std::max(begin, first) - first, std::min(end, first + panels) - first, head, head + 1});
  }
}

// `max` and `sum` [N, H] f32, or both undefined: each row's, for the backward pass.
Tensor forward(const Tensor& q, const Tensor& keys, const Tensor& values, const Call& call, const Tensor& max, const Tensor& sum) {
  auto out = at::empty({q.size(0), q.size(1), call.shape.value_dim}, q.options());
  cpu::AttentionForward io{call.shape, read(q), read(keys), read(values), write(out)};
  if (max.defined()) {
    io.max = max.mutable_data_ptr<float>();
    io.sum = sum.mutable_data_ptr<float>();
  }
  const auto& spans = call.spans();
  SharedWork::for_parts(call.shape.num_key_heads * static_cast<int64_t>(spans.panels.size()),
                        [&](int64_t begin, int64_t end) { attend(io, spans, begin, end); });
  return out;
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  struct Saved : torch::CustomClassHolder {
    explicit Saved(const Call& c) : call(c) {}
    Call call;
  };

  // `values` is undefined where they lie in the keys.
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& keys, const Tensor& values, const Call* call) {
    const auto options = q.options().dtype(at::kFloat);
    const auto max = at::empty({q.size(0), q.size(1)}, options), sum = at::empty({q.size(0), q.size(1)}, options);
    const auto out = native::forward(q, keys, call->shape.values_in_keys ? Tensor() : values, *call, max, sum);
    context->save_for_backward({q, keys, values, out, max, sum});
    context->saved_data["call"] = c10::IValue::make_capsule(c10::make_intrusive<Saved>(*call));
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &q = saved[0], &keys = saved[1], &values = saved[2], &out = saved[3], &max = saved[4], &sum = saved[5];
    const auto held = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["call"].toCapsule());
    const Call& call = held->call;
    const bool has_values = !call.shape.values_in_keys;
    const auto g = grads[0].contiguous();
    const auto f32 = keys.options().dtype(at::kFloat);
    auto dq = at::empty(q.sizes(), q.options()), dk = at::zeros(keys.sizes(), f32);
    auto dv = has_values ? at::zeros(values.sizes(), f32) : Tensor();
    const cpu::AttentionBackward io{call.shape, read(q), read(keys), has_values ? read(values) : cpu::ConstHeads{}, read(out), read(g),
                                    max.const_data_ptr<float>(), sum.const_data_ptr<float>(), write(dq), write(dk), write(dv)};
    const auto& spans = call.spans();
    // By heads alone: the keys' gradients are summed over the panels in their order.
    SharedWork::for_parts(call.shape.num_key_heads, [&](int64_t begin, int64_t end) {
      cpu::attention_backward(io, spans, {0, static_cast<int64_t>(spans.panels.size()), begin, end});
    });
    return {dq, dk.to(keys.scalar_type()), has_values ? dv.to(values.scalar_type()) : Tensor(), Tensor()};
  }
};

}  // namespace

Tensor attention(const Tensor& q, const Tensor& keys, const Tensor& values, int64_t value_dim, const AttentionPlan& plan, double scale) {
  const auto call = make_call(q, keys, values, value_dim, plan, scale);
  const bool has_grad = at::GradMode::is_enabled() && (q.requires_grad() || keys.requires_grad());
  if (!has_grad) return forward(q, keys, values, call, {}, {});
  // Autograd wants defined inputs: an empty tensor stands for values that are read from the keys.
  return AttentionFunction::apply(q, keys, values.defined() ? values : keys.detach().narrow(0, 0, 0), &call);
}

}  // namespace lockstep::kernels::native
