// SPDX-License-Identifier: Apache-2.0
// Attention in torch operations, forward and backward, one padded rectangle at a time.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "kernels/portable.h"

namespace lockstep::kernels::portable {
namespace {

using Rectangle = PaddedSpans::Rectangle;

// One rectangle's operands, heads folded so that each key head is one matrix: [B * Hkv, Tq * R, d], R = H / Hkv.
struct Folded {
  Tensor q, k, v;
};

struct Shape {
  int64_t heads, key_heads, key_dim, value_dim;
  bool values_in_keys;
  double scale;
  int64_t repeat() const { return heads / key_heads; }
};

Tensor fold_queries(const Tensor& rows, const Rectangle& r, const Shape& s, int64_t dim) {
  auto q = rows.view({r.num_spans, r.num_queries, s.key_heads, s.repeat() * dim});
  if (s.key_heads > 1) q = q.transpose(1, 2).contiguous();
  return q.view({r.num_spans * s.key_heads, r.num_queries * s.repeat(), dim});
}

Tensor unfold_queries(const Tensor& folded, const Rectangle& r, const Shape& s, int64_t dim) {
  auto q = folded.view({r.num_spans, s.key_heads, r.num_queries, s.repeat() * dim});
  if (s.key_heads > 1) q = q.transpose(1, 2).contiguous();
  return q.view({r.num_spans * r.num_queries, s.heads, dim});
}

Tensor fold_keys(const Tensor& rows, const Rectangle& r, const Shape& s, int64_t dim) {
  auto k = rows.view({r.num_spans, r.num_keys, s.key_heads, dim});
  if (s.key_heads > 1) k = k.transpose(1, 2).contiguous();
  return k.view({r.num_spans * s.key_heads, r.num_keys, dim});
}

Tensor unfold_keys(const Tensor& folded, const Rectangle& r, const Shape& s, int64_t dim) {
  auto k = folded.view({r.num_spans, s.key_heads, r.num_keys, dim});
  if (s.key_heads > 1) k = k.transpose(1, 2).contiguous();
  return k.view({r.num_spans * r.num_keys, s.key_heads, dim});
}

Folded gather(const Tensor& q, const Tensor& keys, const Tensor& values, const Rectangle& r, const Shape& s) {
  Folded out;
  out.q = fold_queries(q.index_select(0, r.query_rows), r, s, s.key_dim);
  out.k = fold_keys(keys.index_select(0, r.key_rows), r, s, s.key_dim);
  out.v = s.values_in_keys ? out.k.narrow(2, 0, s.value_dim)
                           : fold_keys(values.index_select(0, r.key_rows), r, s, s.value_dim);
  return out;
}

// softmax(q k^T scale + mask) in f32: [B * Hkv, Tq * R, Tk].
Tensor probabilities(const Folded& f, const Rectangle& r, const Shape& s) {
  auto scores = at::bmm(f.q, f.k.transpose(1, 2)).to(at::kFloat).mul_(s.scale);
  scores.view({r.num_spans, s.key_heads, r.num_queries, s.repeat(), r.num_keys}).add_(r.mask.unsqueeze(1));
  return at::softmax(scores, -1);
}

Tensor forward(const Tensor& q, const Tensor& keys, const Tensor& values, const PaddedSpans& plan, const Shape& s) {
  std::vector<Tensor> outputs;
  outputs.reserve(plan.rectangles.size());
  for (const auto& r : plan.rectangles) {
    const auto f = gather(q, keys, values, r, s);
    outputs.push_back(unfold_queries(at::bmm(probabilities(f, r, s).to(f.v.scalar_type()), f.v), r, s, s.value_dim));
  }
  const auto padded = outputs.size() == 1 ? outputs[0] : at::cat(outputs);
  return padded.index_select(0, plan.unpad);
}

struct Gradients {
  Tensor q, keys, values;
};

Gradients backward(const Tensor& q,
                   const Tensor& keys,
                   const Tensor& values,
                   const Tensor& grad,
                   const PaddedSpans& plan,
                   const Shape& s) {
  Gradients out{at::zeros_like(q), at::zeros_like(keys), s.values_in_keys ? Tensor() : at::zeros_like(values)};
  int64_t base = 0;
  std::vector<int64_t> size(grad.sizes().begin(), grad.sizes().end());
  for (const auto& r : plan.rectangles) size[0] = base += r.num_spans * r.num_queries;
  auto padded = at::zeros_like(grad.narrow(0, 0, 1)).expand(size).contiguous();
  padded.index_copy_(0, plan.unpad, grad);  // padded queries keep a zero gradient
  base = 0;
  for (const auto& r : plan.rectangles) {
    const int64_t rows = r.num_spans * r.num_queries;
    const auto f = gather(q, keys, values, r, s);
    const auto p = probabilities(f, r, s);
    const auto g = fold_queries(padded.narrow(0, base, rows), r, s, s.value_dim);
    base += rows;
    const auto dv = at::bmm(p.to(g.scalar_type()).transpose(1, 2), g);
    auto dp = at::bmm(g, f.v.transpose(1, 2)).to(at::kFloat);
    // d softmax: p * (dp - sum(dp * p)), then the scale of the scores.
    dp.sub_((dp * p).sum(-1, true)).mul_(p).mul_(s.scale);
    const auto ds = dp.to(f.q.scalar_type());
    const auto dq = unfold_queries(at::bmm(ds, f.k), r, s, s.key_dim);
    auto dk = at::bmm(ds.transpose(1, 2), f.q);
    if (s.values_in_keys) dk.narrow(2, 0, s.value_dim).add_(dv);
    out.q.index_add_(0, r.query_rows, dq);
    out.keys.index_add_(0, r.key_rows, unfold_keys(dk, r, s, s.key_dim));
    if (!s.values_in_keys) out.values.index_add_(0, r.key_rows, unfold_keys(dv, r, s, s.value_dim));
  }
  return out;
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& q,
                        const Tensor& keys,
                        const Tensor& values,
                        const AttentionPlan* plan,
                        const Shape* shape) {
    context->save_for_backward({q, keys, values});
    // The caller may drop its plan before the backward pass; copies share their forms.
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<Saved>(*plan, *shape));
    return portable::forward(q, keys, values, plan->padded(), *shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto held = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["plan"].toCapsule());
    auto g = portable::backward(saved[0], saved[1], saved[2], grads[0].contiguous(), held->plan.padded(), held->shape);
    return {g.q, g.keys, g.values, Tensor(), Tensor()};
  }

  struct Saved : torch::CustomClassHolder {
    Saved(AttentionPlan p, Shape s) : plan(std::move(p)), shape(s) {}
    AttentionPlan plan;
    Shape shape;
  };
};

}  // namespace

Tensor attention(const Tensor& q,
                 const Tensor& keys,
                 const Tensor& values,
                 int64_t value_dim,
                 const AttentionPlan& plan,
                 double scale) {
  const Shape shape{q.size(1), keys.size(1), keys.size(2), value_dim, !values.defined(), scale};
  const bool needs_grad = at::GradMode::is_enabled() && (q.requires_grad() || keys.requires_grad());
  if (!needs_grad) return forward(q, keys, values, plan.padded(), shape);
  // Autograd wants defined inputs: an empty tensor stands for values that are read from the keys.
  return AttentionFunction::apply(q, keys, values.defined() ? values : keys.detach().narrow(0, 0, 0), &plan, &shape);
}

}  // namespace lockstep::kernels::portable
