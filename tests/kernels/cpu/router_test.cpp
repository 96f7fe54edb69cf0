// SPDX-License-Identifier: Apache-2.0
// The router: the choice and weights of the reference in bits, the laws of grouped choice, gradients that are slopes.
#include <algorithm>
#include <set>

#include "kernels/cpu/router_ref.h"
#include "tests/kernels/cpu/support.h"
#include "tests/support/errors.h"

namespace lockstep::kernels::cpu::test {
namespace {

using Scoring = RouterRules::Scoring;
using GroupScore = RouterRules::GroupScore;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Setup {
  int64_t rows, num_experts, num_chosen, stride;
  std::vector<float> logits, bias, scores, weights, d_weights, d_logits;
  std::vector<int64_t> experts;

  Setup(int64_t num_rows, const RouterRules& rules, const std::vector<float>& values, uint64_t seed)
      : rows(num_rows),
        num_experts(rules.num_experts),
        num_chosen(rules.num_experts_per_tok),
        stride(rules.num_experts + 3),
        logits(values),
        bias(normal_values(num_experts, seed + 1)),
        scores(static_cast<size_t>(rows * num_experts)),
        weights(static_cast<size_t>(rows * num_chosen)),
        d_weights(normal_values(rows * num_chosen, seed + 2)),
        d_logits(normal_values(rows * stride, seed + 3)),
        experts(weights.size(), -1) {
    logits.resize(static_cast<size_t>(rows * stride));
  }
  RouterRows in(bool with_bias) {
    return {rows,          logits.data(),  stride,        with_bias ? bias.data() : nullptr,
            scores.data(), experts.data(), weights.data()};
  }
  RouterGrad grad() { return {rows, scores.data(), experts.data(), d_weights.data(), d_logits.data(), stride}; }
};

std::vector<RouterRules> many_rules() {
  std::vector<RouterRules> all;
  for (const Scoring scoring : {Scoring::softmax, Scoring::sigmoid}) {
    for (const bool norm : {false, true}) {
      all.push_back({scoring, GroupScore::none, 1, 1, 1, 1, norm, 0, 1});
      all.push_back({scoring, GroupScore::none, 7, 7, 1, 1, norm, 0, 2.5f});
      all.push_back({scoring, GroupScore::none, 60, 4, 1, 1, norm, 1e-20f, 1});
      all.push_back({scoring, GroupScore::max, 24, 6, 8, 3, norm, 1e-20f, 16});
      all.push_back({scoring, GroupScore::sum_of_top2, 32, 4, 8, 3, norm, 1e-20f, 2.5f});
      all.push_back({scoring, GroupScore::sum_of_top2, 256, 8, 8, 4, norm, 1e-20f, 2.5f});
      all.push_back({scoring, GroupScore::max, 8, 5, 4, 1, norm, 0, 1});  // more experts than the kept group has
    }
  }
  return all;
}

}  // namespace

TEST_CASE("router: choice, weights and gradients equal the reference in bits, NaN and infinities included") {
  uint64_t seed = 0;
  for (const RouterRules& rules : many_rules())
    for (const bool with_bias : {false, true})
      for (const int kind : {0, 1, 2}) {
        const int64_t rows = 12;
        const auto size = rows * (rules.num_experts + 3);
        auto values = kind == 1 ? wild_values(size, ++seed) : normal_values(size, ++seed);
        if (kind == 2)  // ties
          for (float& x : values) x = std::nearbyint(x);
        Setup wanted(rows, rules, values, seed);
        route_ref(rules, wanted.in(with_bias));
        route_grad_ref(rules, wanted.grad());
        for (const Isa isa : all_isas()) {
          Setup got(rows, rules, values, seed);
          route(rules, got.in(with_bias), isa);
          route_grad(rules, got.grad());
          const std::string what = cat(isa_name(isa), " experts ", rules.num_experts, " kind ", kind);
          check_same(got.experts, wanted.experts, what + ", experts");
          check_same(got.scores, wanted.scores, what + ", scores");
          check_same(got.weights, wanted.weights, what + ", weights");
          check_same(got.d_logits, wanted.d_logits, what + ", gradient");
        }
      }
}

TEST_CASE("router: rows with given experts use them, in their order, with these logits' weights; the others choose") {
  for (const RouterRules& rules : many_rules()) {
    const int64_t rows = 4, k = rules.num_experts_per_tok;
    const auto values = normal_values(rows * (rules.num_experts + 3), 5);
    std::vector<int64_t> given(static_cast<size_t>(rows * k), -1);
    for (int64_t n = 1; n < rows; n += 2)
      for (int64_t i = 0; i < k; ++i) given[static_cast<size_t>(n * k + i)] = rules.num_experts - 1 - i;
    Setup own(rows, rules, values, 5), wanted(rows, rules, values, 5), got(rows, rules, values, 5);
    route(rules, own.in(true));
    auto in = wanted.in(true), out = got.in(true);
    in.given = out.given = given.data();
    route_ref(rules, in);
    route_grad_ref(rules, wanted.grad());
    route(rules, out);
    route_grad(rules, got.grad());
    check_same(got.experts, wanted.experts, "experts");
    check_same(got.weights, wanted.weights, "weights");
    check_same(got.d_logits, wanted.d_logits, "gradient");
    for (size_t i = 0; i < given.size(); ++i) CHECK(got.experts[i] == (given[i] >= 0 ? given[i] : own.experts[i]));
  }
}

TEST_CASE("router: K experts of at most M groups whatever the bias, and weights that add to the scaling factor") {
  const RouterRules rules{Scoring::sigmoid, GroupScore::sum_of_top2, 32, 4, 8, 3, true, 1e-20f, 2.5f};
  for (const float shift : {0.0f, -3.0f, 12.0f}) {  // below 0, dropped groups filled with 0 would win
    Setup s(50, rules, normal_values(50 * 35, 3), 4);
    for (float& b : s.bias) b += shift;
    route(rules, s.in(true));
    for (size_t n = 0; n < 50; ++n) {
      std::set<int64_t> experts(&s.experts[4 * n], &s.experts[4 * n] + 4), groups;
      for (const int64_t e : experts) groups.insert(e / 4);
      CHECK(experts.size() == 4);
      CHECK(groups.size() <= 3);
      CHECK(s.weights[4 * n] + s.weights[4 * n + 1] + s.weights[4 * n + 2] + s.weights[4 * n + 3] ==
            doctest::Approx(2.5));
    }
  }
}

TEST_CASE("router: a NaN is chosen last, never out of range, and spoils only its own row") {
  RouterRules rules{Scoring::sigmoid, GroupScore::none, 6, 3, 1, 1, false, 0, 1};
  Setup s(2, rules, {kNan, 1, kNan, 3, 2, kNan, 0, 0, 0, 5, 4, 3, 2, 1, 0, 0, 0, 0}, 5);
  route(rules, s.in(false));
  CHECK(s.experts == std::vector<int64_t>{3, 4, 1, 0, 1, 2});
  rules.scoring = Scoring::softmax;
  route(rules, s.in(false));
  CHECK(s.experts == std::vector<int64_t>{0, 1, 2, 0, 1, 2});
  CHECK(std::isnan(s.weights[0]));
  CHECK(std::isfinite(s.weights[3]));
  Setup all(1, rules, std::vector<float>(9, kNan), 6), lowest(1, rules, std::vector<float>(9, -kInfinity), 7);
  route(rules, all.in(true));
  route(rules, lowest.in(true));
  CHECK(all.experts == std::vector<int64_t>{0, 1, 2});
  CHECK(lowest.experts == std::vector<int64_t>{0, 1, 2});
}

TEST_CASE("router: rules that cannot be met are refused") {
  const auto refuse = [](RouterRules rules, const std::string& what) {
    lockstep::test::check_error([&] { route(rules, {}); }, what, "router.cpp", "");
  };
  refuse({.num_experts = 4, .num_experts_per_tok = 5}, "5 of 4 experts");
  refuse({.group_score = GroupScore::max, .num_experts = 6, .n_group = 4}, "1 of 4 groups of 6 experts");
  refuse({.group_score = GroupScore::sum_of_top2, .num_experts = 4, .n_group = 4}, "the two best of a group of one");
}

TEST_CASE("router: the gradient is the slope of the f64 weights of the chosen") {
  for (const Scoring scoring : {Scoring::softmax, Scoring::sigmoid})
    for (const bool norm : {false, true}) {
      const RouterRules rules{scoring, GroupScore::none, 10, 3, 1, 1, norm, 0, 2.5f};
      Setup s(1, rules, normal_values(13, 8), 9);
      route(rules, s.in(false));
      route_grad(rules, s.grad());
      const auto loss = [&](const std::vector<double>& logits) {
        double total = 0, chosen = 0, value = 0;
        std::vector<double> scores;
        for (const double l : logits)
          scores.push_back(scoring == Scoring::softmax ? std::exp(l) : 1 / (1 + std::exp(-l)));
        for (const double score : scores) total += score;
        for (double& score : scores) score /= scoring == Scoring::softmax ? total : 1;
        for (const int64_t e : s.experts) chosen += scores[static_cast<size_t>(e)];
        for (size_t k = 0; k < 3; ++k)
          value += static_cast<double>(s.d_weights[k]) * 2.5 * scores[static_cast<size_t>(s.experts[k])] /
                   (norm ? chosen : 1);
        return value;
      };
      for (size_t e = 0; e < 10; ++e) {
        std::vector<double> above(s.logits.begin(), s.logits.begin() + 10), below = above;
        above[e] += 1e-5;
        below[e] -= 1e-5;
        CHECK(std::abs(s.d_logits[e] - (loss(above) - loss(below)) / 2e-5) <= 1e-6);
      }
    }
}

}  // namespace lockstep::kernels::cpu::test
