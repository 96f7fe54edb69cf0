// SPDX-License-Identifier: Apache-2.0
// Each operation: its checks, and the form that runs.
#include "base/error.h"
#include "kernels/backend.h"
#include "kernels/native.h"
#include "kernels/portable.h"

namespace lockstep::kernels {

Tensor attention(const Tensor& q, const Tensor& keys, const Tensor& values, int64_t value_dim, const AttentionPlan& plan, double scale) {
  LOCKSTEP_CHECK(q.dim() == 3 && keys.dim() == 3 && q.size(2) == keys.size(2), "q [N, H, dk], keys [M, Hkv, dk]");
  LOCKSTEP_CHECK(q.size(0) == plan.num_queries() && q.size(1) % keys.size(1) == 0, "plan and heads match q");
  return is_native(q) ? native::attention(q, keys, values, value_dim, plan, scale)
                      : portable::attention(q, keys, values, value_dim, plan, scale);
}

Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) {
  LOCKSTEP_CHECK(x.dim() == 2 && weight.value.dim() == 2 && x.size(1) == weight.value.size(1), "x [N, K], weight [O, K]");
  return is_native(x) ? native::linear(x, weight, bias) : portable::linear(x, weight.value, bias);
}

Tensor heads_linear(const Tensor& x, const Tensor& weight) {
  LOCKSTEP_CHECK(x.dim() == 3 && weight.dim() == 3 && x.size(1) == weight.size(0) && x.size(2) == weight.size(2),
                 "x [N, H, K], weight [H, O, K]");
  return is_native(x) ? native::heads_linear(x, weight) : portable::heads_linear(x, weight);
}

Tensor linear_logits(const Tensor& hidden, const Weight& head, double temperature) {
  return is_native(hidden) ? native::linear_logits(hidden, head, temperature)
                           : portable::linear_logits(hidden, head.value, temperature);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return is_native(x) ? native::rms_norm(x, weight, eps) : portable::rms_norm(x, weight, eps);
}

void for_logit_blocks(const Tensor& hidden, const Weight& head, const std::function<void(int64_t first, const Tensor& logits)>& work) {
  LOCKSTEP_CHECK(hidden.dim() == 2 && head.value.dim() == 2 && hidden.size(1) == head.value.size(1), "hidden [N, D], head [V, D]");
  is_native(hidden) ? native::for_logit_blocks(hidden, head, work) : portable::for_logit_blocks(hidden, head.value, work);
}

ResidualNorm add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps) {
  LOCKSTEP_CHECK(x.dim() == 2 && x.sizes() == delta.sizes() && x.scalar_type() == delta.scalar_type(), "x, delta [N, D]");
  return is_native(x) ? native::add_rms_norm(x, delta, weight, eps) : portable::add_rms_norm(x, delta, weight, eps);
}

Tensor rope(const Tensor& x, const RopeRows& rows, RopeLayout layout) {
  return is_native(x) ? native::rope(x, rows, layout) : portable::rope(x, rows, layout);
}

void store_rope(const Tensor& x, const RopeRows& rows, RopeLayout layout, const Tensor& cache_rows, const Tensor& cache) {
  LOCKSTEP_CHECK(x.dim() == 3 && x.size(0) == cache_rows.size(0) && x.sizes().slice(1) == cache.sizes().slice(1),
                 "x [N, H, R], cache_rows [N], cache [M, H, R]");
  is_native(x) ? native::store_rope(x, rows, layout, cache_rows, cache) : portable::store_rope(x, rows, layout, cache_rows, cache);
}

void store_rows(const Tensor& x, const Tensor& cache_rows, const Tensor& cache) {
  LOCKSTEP_CHECK(x.dim() == 3 && x.size(0) == cache_rows.size(0) && x.sizes().slice(1) == cache.sizes().slice(1),
                 "x [N, H, R], cache_rows [N], cache [M, H, R]");
  is_native(x) ? native::store_rows(x, cache_rows, cache) : portable::store_rows(x, cache_rows, cache);
}

Routing route(const Tensor& logits, const Tensor& bias, const RouterOptions& options, const Tensor& given) {
  LOCKSTEP_CHECK(logits.dim() == 2 && logits.scalar_type() == at::kFloat, "router logits are [N, E] f32");
  LOCKSTEP_CHECK(!given.defined() || (given.dim() == 2 && given.size(0) == logits.size(0) && given.size(1) == options.num_experts_per_tok &&
                                      given.scalar_type() == at::kLong),
                 "given experts are [N, K] i64");
  return is_native(logits) ? native::route(logits, bias, options, given) : portable::route(logits, bias, options, given);
}

Tensor routed_experts(const Tensor& x, const Tensor& experts, const Tensor& weights, const Weight& gate_up, const Weight& down, Tensor* counts) {
  LOCKSTEP_CHECK(x.dim() == 2 && gate_up.value.dim() == 3 && down.value.dim() == 3 && down.value.size(1) == x.size(1),
                 "x [N, D], experts [E, ., .]");
  return is_native(x) ? native::routed_experts(x, experts, weights, gate_up, down, counts)
                      : portable::routed_experts(x, experts, weights, gate_up.value, down.value, counts);
}

Tensor swiglu(const Tensor& gate_up) { return is_native(gate_up) ? native::swiglu(gate_up) : portable::swiglu(gate_up); }

TokenLogprobs token_logprobs(const Tensor& hidden, const Tensor& head, const Tensor& targets, double temperature, bool with_entropy) {
  LOCKSTEP_CHECK(hidden.dim() == 2 && head.dim() == 2 && hidden.size(1) == head.size(1), "hidden [N, D], head [V, D]");
  LOCKSTEP_CHECK(targets.dim() == 1 && targets.size(0) == hidden.size(0), "one target per hidden row");
  return is_native(hidden) ? native::token_logprobs(hidden, head, targets, temperature, with_entropy)
                           : portable::token_logprobs(hidden, head, targets, temperature, with_entropy);
}

}  // namespace lockstep::kernels
