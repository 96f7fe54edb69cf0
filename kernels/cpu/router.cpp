// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the scores, and makes the choice, which is the same code for all.
#include "kernels/cpu/router.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const RouterKernels router_kernels;
}
namespace avx2 {
extern const RouterKernels router_kernels;
}
namespace avx512f {
extern const RouterKernels router_kernels;
}
namespace avx512bf16 {
extern const RouterKernels router_kernels;
}

namespace {

const RouterKernels& kernels(Isa isa) {
  return table_of(isa, scalar::router_kernels, avx2::router_kernels, avx512f::router_kernels,
                  avx512bf16::router_kernels);
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The `count` largest of values[0..size), best first, ties to the lowest index, by insertion: nearly all values fail the
// first comparison.
void choose_largest(const float* values, int64_t size, int64_t count, int64_t* chosen) {
  int64_t held = 0;
  for (int64_t i = 0; i < size; ++i) {
    if (held == count && !(values[i] > values[chosen[held - 1]])) continue;
    int64_t place = held < count ? held++ : held - 1;
    for (; place > 0 && values[i] > values[chosen[place - 1]]; --place) chosen[place] = chosen[place - 1];
    chosen[place] = i;
  }
}

float group_score(const float* values, int64_t size, RouterRules::GroupScore kind) {
  float first = -kInfinity, second = -kInfinity;
  for (int64_t i = 0; i < size; ++i) {  // without branches: which are the best is not predictable
    const float lesser = values[i] < first ? values[i] : first;
    first = values[i] > first ? values[i] : first;
    second = lesser > second ? lesser : second;
  }
  const float score = kind == RouterRules::GroupScore::max ? first : first + second;
  return std::isnan(score) ? -kInfinity : score;  // inf - inf
}

// What the choice needs of one row at a time; only grows.
struct Scratch {
  std::vector<float> values, group_scores;
  std::vector<int64_t> groups;
  std::vector<char> is_kept;
};

void mask_groups(const RouterRules& rules, Scratch& scratch) {
  const int64_t size = rules.num_experts / rules.n_group;
  const auto groups = static_cast<size_t>(rules.n_group);
  scratch.group_scores.resize(groups);
  scratch.groups.resize(groups);
  scratch.is_kept.assign(groups, 0);
  for (int64_t g = 0; g < rules.n_group; ++g)
    scratch.group_scores[static_cast<size_t>(g)] =
        group_score(scratch.values.data() + g * size, size, rules.group_score);
  choose_largest(scratch.group_scores.data(), rules.n_group, rules.topk_group, scratch.groups.data());
  for (int64_t i = 0; i < rules.topk_group; ++i)
    scratch.is_kept[static_cast<size_t>(scratch.groups[static_cast<size_t>(i)])] = 1;
  for (int64_t g = 0; g < rules.n_group; ++g)
    if (!scratch.is_kept[static_cast<size_t>(g)]) std::fill_n(scratch.values.begin() + g * size, size, -kInfinity);
}

void choose(const RouterRules& rules, const float* scores, const float* bias, int64_t* experts, Scratch& scratch) {
  scratch.values.resize(static_cast<size_t>(rules.num_experts));
  for (int64_t e = 0; e < rules.num_experts; ++e) {
    const float value = bias == nullptr ? scores[e] : scores[e] + bias[e];
    scratch.values[static_cast<size_t>(e)] = std::isnan(value) ? -kInfinity : value;
  }
  if (rules.group_score != RouterRules::GroupScore::none && rules.n_group > 1) mask_groups(rules, scratch);
  choose_largest(scratch.values.data(), rules.num_experts, rules.num_experts_per_tok, experts);
}

float chosen_sum(const RouterRules& rules, const float* scores, const int64_t* experts) {
  float sum = 0;
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) sum = sum + scores[experts[k]];
  return sum + rules.norm_eps;
}

void weigh(const RouterRules& rules, const float* scores, const int64_t* experts, float* weights) {
  const float divisor = rules.norm_topk_prob ? chosen_sum(rules, scores, experts) : 1.0f;
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k)
    weights[k] = scores[experts[k]] / divisor * rules.routed_scaling_factor;
}

// d_scores[k] of the chosen.
void score_grads(
    const RouterRules& rules, const float* scores, const int64_t* experts, const float* d_weights, float* d_scores) {
  const float c = rules.routed_scaling_factor;
  if (!rules.norm_topk_prob) {
    for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) d_scores[k] = d_weights[k] * c;
    return;
  }
  const float divisor = chosen_sum(rules, scores, experts);
  float mean = 0;
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k)
    mean = std::fma(d_weights[k], scores[experts[k]] / divisor, mean);
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) d_scores[k] = (d_weights[k] - mean) * (c / divisor);
}

void grad_row(
    const RouterRules& rules, const float* s, const int64_t* experts, const float* d_scores, float* d_logits) {
  const bool is_sigmoid = rules.scoring == RouterRules::Scoring::sigmoid;
  float dot = 0;
  if (!is_sigmoid)
    for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) dot = std::fma(d_scores[k], s[experts[k]], dot);
  for (int64_t e = 0; e < rules.num_experts; ++e) d_logits[e] = is_sigmoid ? 0.0f : s[e] * (0.0f - dot);
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) {
    const float score = s[experts[k]];
    d_logits[experts[k]] = is_sigmoid ? d_scores[k] * (score * (1.0f - score)) : score * (d_scores[k] - dot);
  }
}

void check(const RouterRules& r) {
  LOCKSTEP_CHECK(r.num_experts_per_tok >= 1 && r.num_experts_per_tok <= r.num_experts,
                 cat(r.num_experts_per_tok, " of ", r.num_experts, " experts"));
  if (r.group_score == RouterRules::GroupScore::none || r.n_group <= 1) return;
  LOCKSTEP_CHECK(r.num_experts % r.n_group == 0 && r.topk_group >= 1 && r.topk_group <= r.n_group,
                 cat(r.topk_group, " of ", r.n_group, " groups of ", r.num_experts, " experts"));
  LOCKSTEP_CHECK(r.group_score != RouterRules::GroupScore::sum_of_top2 || r.num_experts / r.n_group >= 2,
                 "the two best of a group of one");
}

}  // namespace

void route(const RouterRules& rules, const RouterRows& a, Isa isa) {
  check(rules);
  const FloatMode mode;
  kernels(isa).scores(rules, a);
  thread_local Scratch scratch;
  for (int64_t n = 0; n < a.rows; ++n) {
    const float* scores = a.scores + n * rules.num_experts;
    int64_t* experts = a.experts + n * rules.num_experts_per_tok;
    const int64_t* given = a.given == nullptr ? nullptr : a.given + n * rules.num_experts_per_tok;
    if (given != nullptr && given[0] >= 0)
      std::copy_n(given, rules.num_experts_per_tok, experts);
    else
      choose(rules, scores, a.bias, experts, scratch);
    weigh(rules, scores, experts, a.weights + n * rules.num_experts_per_tok);
  }
}

void route_grad(const RouterRules& rules, const RouterGrad& a) {
  const FloatMode mode;
  thread_local std::vector<float> d_scores;
  d_scores.resize(static_cast<size_t>(rules.num_experts_per_tok));
  for (int64_t n = 0; n < a.rows; ++n) {
    const float* scores = a.scores + n * rules.num_experts;
    const int64_t* experts = a.experts + n * rules.num_experts_per_tok;
    score_grads(rules, scores, experts, a.d_weights + n * rules.num_experts_per_tok, d_scores.data());
    grad_row(rules, scores, experts, d_scores.data(), a.d_logits + n * a.d_logits_stride);
  }
}

}  // namespace lockstep::kernels::cpu
