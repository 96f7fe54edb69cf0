// SPDX-License-Identifier: Apache-2.0
// Expert choice, step by step as kernels/router.h says it.
#include "kernels/cpu/router_ref.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void write_scores(const RouterRules& rules, const float* logits, float* scores) {
  LaneMaxRef largest;
  LaneSumRef total;
  for (int64_t e = 0; e < rules.num_experts; ++e) largest.add(e, logits[e]);
  for (int64_t e = 0; e < rules.num_experts; ++e) {
    const bool is_sigmoid = rules.scoring == RouterRules::Scoring::sigmoid;
    scores[e] = is_sigmoid ? sigmoid_ref(logits[e]) : exp_ref(logits[e] - largest.total());
    total.partial(e) = total.partial(e) + scores[e];
  }
  if (rules.scoring == RouterRules::Scoring::softmax)
    for (int64_t e = 0; e < rules.num_experts; ++e) scores[e] = scores[e] / total.total();
}

// Indices by falling value; the sort is stable, so ties stay in ascending order.
std::vector<int64_t> best_first(const std::vector<float>& values) {
  std::vector<int64_t> order(values.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

float number(float x) { return std::isnan(x) ? -kInfinity : x; }

void mask(const RouterRules& rules, std::vector<float>& choice) {
  const int64_t size = rules.num_experts / rules.n_group;
  std::vector<float> scores;
  for (int64_t g = 0; g < rules.n_group; ++g) {
    std::vector<float> group(choice.begin() + g * size, choice.begin() + (g + 1) * size);
    std::sort(group.begin(), group.end(), std::greater<>());
    scores.push_back(number(rules.group_score == RouterRules::GroupScore::max ? group[0] : group[0] + group[1]));
  }
  const auto order = best_first(scores);
  for (int64_t i = rules.topk_group; i < rules.n_group; ++i) {
    const auto begin = choice.begin() + order[static_cast<size_t>(i)] * size;
    std::fill(begin, begin + size, -kInfinity);
  }
}

float divisor_of(const RouterRules& rules, const float* scores, const int64_t* experts) {
  float sum = 0;
  for (int64_t k = 0; k < rules.num_experts_per_tok; ++k) sum += scores[experts[k]];
  return rules.norm_topk_prob ? sum + rules.norm_eps : 1.0f;
}

}  // namespace

void route_ref(const RouterRules& rules, const RouterRows& a) {
  const FloatMode mode;
  for (int64_t n = 0; n < a.rows; ++n) {
    float* scores = a.scores + n * rules.num_experts;
    write_scores(rules, a.logits + n * a.stride, scores);
    std::vector<float> choice;
    for (int64_t e = 0; e < rules.num_experts; ++e)
      choice.push_back(number(a.bias == nullptr ? scores[e] : scores[e] + a.bias[e]));
    if (rules.group_score != RouterRules::GroupScore::none && rules.n_group > 1) mask(rules, choice);
    const auto order = best_first(choice);
    int64_t* experts = a.experts + n * rules.num_experts_per_tok;
    std::copy_n(order.begin(), rules.num_experts_per_tok, experts);
    const int64_t* given = a.given == nullptr ? experts : a.given + n * rules.num_experts_per_tok;
    if (given[0] >= 0) std::copy_n(given, rules.num_experts_per_tok, experts);
    const float divisor = divisor_of(rules, scores, experts);
    for (int64_t k = 0; k < rules.num_experts_per_tok; ++k)
      a.weights[n * rules.num_experts_per_tok + k] = scores[experts[k]] / divisor * rules.routed_scaling_factor;
  }
}

void route_grad_ref(const RouterRules& rules, const RouterGrad& a) {
  const FloatMode mode;
  const int64_t num = rules.num_experts_per_tok;
  for (int64_t n = 0; n < a.rows; ++n) {
    const float *s = a.scores + n * rules.num_experts, *dw = a.d_weights + n * num;
    const int64_t* experts = a.experts + n * num;
    const float divisor = divisor_of(rules, s, experts);
    float mean = 0, dot = 0;
    if (rules.norm_topk_prob)
      for (int64_t k = 0; k < num; ++k) mean = std::fma(dw[k], s[experts[k]] / divisor, mean);
    std::vector<float> d_scores(static_cast<size_t>(rules.num_experts), 0.0f);
    for (int64_t k = 0; k < num; ++k) {
      float& d = d_scores[static_cast<size_t>(experts[k])];
      d = (dw[k] - mean) * (rules.routed_scaling_factor / divisor);
      dot = std::fma(d, s[experts[k]], dot);
    }
    for (int64_t e = 0; e < rules.num_experts; ++e) {
      const float d = d_scores[static_cast<size_t>(e)];
      const bool is_chosen = std::find(experts, experts + num, e) != experts + num;
      const float through_sigmoid = is_chosen ? d * (s[e] * (1.0f - s[e])) : 0.0f;
      a.d_logits[n * a.d_logits_stride + e] =
          rules.scoring == RouterRules::Scoring::sigmoid ? through_sigmoid : s[e] * (d - dot);
    }
  }
}

}  // namespace lockstep::kernels::cpu
