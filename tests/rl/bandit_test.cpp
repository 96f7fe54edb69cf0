// SPDX-License-Identifier: Apache-2.0
// The one problem where GRPO's fixed point is known in closed form: a bandit with a fixed reference policy.
#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "rl/advantage.h"
#include "tests/rl/loss_batch.h"

namespace lockstep {
using test::List;

namespace {

constexpr double kBeta = 0.7;
const List kRewards = {1, 0.3, 0}, kReference = {0.2, 0.5, 0.3};

// All multisets of `size` actions out of three, each written as a group.
std::vector<std::vector<size_t>> all_groups(int size) {
  std::vector<std::vector<size_t>> out;
  for (int a = 0; a <= size; ++a) {
    for (int b = 0; a + b <= size; ++b) {
      std::vector<size_t> group(static_cast<size_t>(a), 0);
      group.insert(group.end(), static_cast<size_t>(b), 1);
      group.insert(group.end(), static_cast<size_t>(size - a - b), 2);
      out.push_back(group);
    }
  }
  return out;
}

double probability(const std::vector<size_t>& group, const List& policy) {
  double p = 1;
  std::array<int, 3> seen{};
  for (size_t i = 0; i < group.size(); ++i) {
    p *= policy[group[i]] * static_cast<double>(i + 1) / ++seen[group[i]];  // multinomial coefficient on the way
  }
  return p;
}

List softmax(const List& theta) {
  List out;
  double sum = 0;
  for (double t : theta) out.push_back(std::exp(t)), sum += out.back();
  for (double& p : out) p /= sum;
  return out;
}

// The exact expectation over all groups of d loss / d theta, through group_advantages and grpo_loss on
// policy.
List expected_gradient(const List& theta, int group_size) {
  const List policy = softmax(theta);
  const auto groups = all_groups(group_size);
  test::LossBatch batch;
  List rewards;
  for (const auto& group : groups) {
    for (size_t action : group) {
      batch.lengths.push_back(1);
      batch.logprobs.push_back(std::log(policy[action]));
      batch.ref.push_back(std::log(kReference[action]));
      batch.mask.push_back(1);
      rewards.push_back(kRewards[action]);
    }
  }
  batch.old = batch.logprobs;
  batch.advantages = rl::group_advantages(rewards, {}, group_size, {.scale_rewards = "none"}).advantages;
  const rl::LossTotals one_group{.num_samples = static_cast<double>(group_size),
                                 .num_tokens = static_cast<double>(group_size)};
  const List slope = test::evaluate(batch, {.beta = kBeta}, one_group).gradient;

  List out(3, 0.0);
  size_t sample = 0;
  for (const auto& group : groups) {
    const double weight = probability(group, policy);
    for (size_t action : group) {
      for (size_t b = 0; b < 3; ++b) out[b] += weight * slope[sample] * ((action == b ? 1 : 0) - policy[b]);
      ++sample;
    }
  }
  return out;
}

// pi_a = beta ref_a / (beta - c (r_a - mean)), c = (G - 1) / G, with mean = sum_a pi_a r_a found by
// bisection.
List closed_form(int group_size) {
  const double c = (group_size - 1.0) / group_size;
  const auto policy_at = [&](double mean) {
    List out;
    for (size_t a = 0; a < 3; ++a) out.push_back(kBeta * kReference[a] / (kBeta - c * (kRewards[a] - mean)));
    return out;
  };
  double low = std::max(0.0, 1 - kBeta / c) + 1e-12, high = 1;
  for (int i = 0; i < 100; ++i) {
    const double mean = (low + high) / 2;
    const List policy = policy_at(mean);
    const double total = policy[0] + policy[1] + policy[2];  // falls in `mean`; 1 at the solution
    (total > 1 ? low : high) = mean;
  }
  return policy_at((low + high) / 2);
}

List train(int group_size) {
  List theta(3, 0.0);
  for (int step = 0; step < 400; ++step) {
    const List gradient = expected_gradient(theta, group_size);
    for (size_t a = 0; a < 3; ++a) theta[a] -= 2.0 * gradient[a];
  }
  return softmax(theta);
}

}  // namespace

TEST_CASE("bandit: GRPO converges to beta ref / (beta - c (r - mean)), c = (G-1)/G, and not to ref exp(r / beta)") {
  const std::vector<std::pair<int, List>> published = {{2, {0.325531, 0.448679, 0.225790}},
                                                       {4, {0.405877, 0.402330, 0.191793}}};
  for (const auto& [group_size, expected] : published) {
    const List formula = closed_form(group_size), trained = train(group_size);
    for (size_t a = 0; a < 3; ++a) {
      CHECK(formula[a] == doctest::Approx(expected[a]).epsilon(1e-5));
      CHECK(trained[a] == doctest::Approx(formula[a]).epsilon(1e-9));
    }
  }
  List gibbs(3);
  for (size_t a = 0; a < 3; ++a) gibbs[a] = std::log(kReference[a]) + kRewards[a] / kBeta;
  CHECK(std::abs(softmax(gibbs)[0] - train(4)[0]) > 0.03);
}

}  // namespace lockstep
