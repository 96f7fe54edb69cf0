// SPDX-License-Identifier: Apache-2.0
// The pairwise loss: TRL's own numbers, finite differences, parts that add up.
#include "rl/reward_loss.h"

#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/rng.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

struct Result {
  double loss;
  std::vector<double> gradient;
  rl::RewardMetrics metrics;
};

Result run(const std::vector<double>& scores, const std::vector<double>& margins, double center, double num_pairs) {
  auto leaf = at::tensor(scores, at::kDouble);
  leaf.set_requires_grad(true);
  const auto out = rl::reward_loss(leaf, margins, center, num_pairs);
  out.loss.backward();
  const auto grad = leaf.grad().contiguous();
  return {out.loss.item<double>(), {grad.const_data_ptr<double>(), grad.const_data_ptr<double>() + grad.numel()}, out.metrics};
}

// By turns, from chosen ones and then rejected ones.
std::vector<double> interleaved(const std::vector<double>& halves) {
  std::vector<double> out;
  for (size_t i = 0; i < halves.size() / 2; ++i) {
    out.push_back(halves[i]);
    out.push_back(halves[halves.size() / 2 + i]);
  }
  return out;
}

}  // namespace

TEST_CASE("reward loss: loss, gradient and metrics are those of TRL's RewardTrainer") {
  const std::string path = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/reward_model/trl_losses.json";
  const auto cases = base::parse_json_file(path);
  REQUIRE(cases.size() == 7);
  for (const auto& c : cases) {
    const auto scores = interleaved(c["logits"].get<std::vector<double>>()), gradient = interleaved(c["gradient"].get<std::vector<double>>());
    const size_t pairs = scores.size() / 2;
    const auto margins = c["margins"].is_null() ? std::vector<double>(pairs, 0.0) : c["margins"].get<std::vector<double>>();
    const double center = c["center_rewards_coefficient"].is_null() ? 0 : c["center_rewards_coefficient"].get<double>();
    const auto out = run(scores, margins, center, static_cast<double>(pairs));
    CAPTURE(c.dump());
    CHECK(out.loss == doctest::Approx(c["loss"].get<double>()).epsilon(1e-6));
    for (size_t i = 0; i < scores.size(); ++i) CHECK(std::abs(out.gradient[i] - gradient[i]) <= 1e-6 * (1 + std::abs(gradient[i])));
    const auto& m = out.metrics;
    const auto& expected = c["metrics"];
    CHECK(m.num_right / m.num_pairs == doctest::Approx(expected["accuracy"].get<double>()));
    CHECK(m.margin / m.num_pairs == doctest::Approx(expected["margin"].get<double>()).epsilon(1e-5));
    CHECK(m.min_reward == doctest::Approx(expected["min_reward"].get<double>()));
    CHECK(m.max_reward == doctest::Approx(expected["max_reward"].get<double>()));
    CHECK(m.reward / (2 * m.num_pairs) == doctest::Approx(expected["mean_reward"].get<double>()).epsilon(1e-5));
  }
}

TEST_CASE("reward loss: the gradient is the loss's slope, by finite differences") {
  base::Random random(3, "reward loss");
  constexpr double kStep = 1e-6;
  for (const double center : {0.0, 0.01, 1.0}) {
    std::vector<double> scores(8), margins(4);
    for (double& s : scores) s = 3 * random.normal();
    for (double& m : margins) m = random.uniform();
    const auto at_scores = run(scores, margins, center, 6);
    for (size_t i = 0; i < scores.size(); ++i) {
      auto up = scores, down = scores;
      up[i] += kStep;
      down[i] -= kStep;
      const double slope = (run(up, margins, center, 6).metrics.loss - run(down, margins, center, 6).metrics.loss) / (2 * kStep);
      CHECK(at_scores.gradient[i] == doctest::Approx(slope).epsilon(1e-6));
    }
  }
}

TEST_CASE("reward loss: only differences count without centring; a margin is a handicap; far apart nothing overflows") {
  const auto low = run({1, -1}, {0}, 0, 1), high = run({1001, 999}, {0}, 0, 1), behind = run({1, -1}, {2}, 0, 1);
  CHECK(low.loss == high.loss);
  CHECK(behind.loss == doctest::Approx(std::log(2.0)));
  CHECK(behind.metrics.num_right == 1);
  CHECK(run({-5000, 5000}, {0}, 0, 1).loss == 10000);
  CHECK(run({5000, -5000}, {0}, 0, 1).loss == 0);
  CHECK(run({1, 1}, {0}, 0, 1).metrics.num_right == 0);  // a tie is not right, as in TRL
}

TEST_CASE("reward loss: parts add up to the whole, in any split") {
  const std::vector<double> scores = {0.5, -0.5, -2, 1, 3, 2.5}, margins = {0, 0.5, 1};
  const auto whole = run(scores, margins, 0.1, 3).metrics;
  rl::RewardMetrics sum;
  for (size_t p = 0; p < 3; ++p) sum += run({scores[2 * p], scores[2 * p + 1]}, {margins[p]}, 0.1, 3).metrics;
  CHECK(sum.loss == doctest::Approx(whole.loss).epsilon(1e-14));
  CHECK(sum.num_pairs == 3);
  CHECK(sum.num_right == whole.num_right);
  CHECK(sum.margin == doctest::Approx(whole.margin));
  CHECK(sum.min_reward == -2);
  CHECK(sum.max_reward == 3);
  sum += rl::RewardMetrics();
  CHECK(sum.max_reward == 3);
}

TEST_CASE("reward loss: a score that is no number is an Error with its pair") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check_error([&] { run({1, 0, nan, 0}, {0, 0}, 0, 2); }, "the score of a chosen completion", "pair 1", "");
  check_error([&] { run({1, 0, 0, nan}, {0, 0}, 0, 2); }, "the score of a rejected completion", "pair 1", "");
}

}  // namespace lockstep::test
