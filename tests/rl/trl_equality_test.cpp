// SPDX-License-Identifier: Apache-2.0
// Equality with TRL 1.16's own loss and advantages: fixtures of tests/fixtures/make_grpo_fixtures.py.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "rl/advantage.h"
#include "tests/rl/loss_batch.h"

namespace lockstep {
using base::Json;
using test::List;
using test::LossBatch;

namespace {

Json fixture(const std::string& name) {
  return base::parse_json_file(cat(LOCKSTEP_SOURCE_DIR, "/tests/fixtures/grpo/", name, ".json"));
}

LossBatch batch_of(const Json& set, const std::vector<int64_t>& lengths) {
  LossBatch batch;
  batch.lengths = lengths;
  batch.logprobs = set["logprobs"].get<List>();
  batch.old = set["old"].get<List>();
  batch.ref = set["ref"].get<List>();
  batch.mask = set["mask"].get<List>();
  for (size_t i = 0; i < lengths.size(); ++i) {
    batch.advantages.insert(batch.advantages.end(), static_cast<size_t>(lengths[i]),
                            set["sample_advantages"][i].get<double>());
  }
  return batch;
}

void check_case(const Json& expected, const LossBatch& batch, const Tensor& entropy, double max_length) {
  rl::LossConfig config;
  base::load(expected["config"], config);
  rl::LossTotals totals = batch.totals();
  totals.max_completion_length = max_length;
  rl::LossInput input = batch.input();
  input.entropy = entropy;
  const rl::LossOutput out = rl::grpo_loss(input, totals, config);
  out.loss.backward();

  CAPTURE(expected["config"].dump());
  const auto near = [](double value) { return doctest::Approx(value).epsilon(1e-12).scale(1e-3); };
  CHECK(out.loss.item().toDouble() == near(expected["loss"].get<double>()));
  const List gradient = test::values(input.logprobs.grad()), reference = expected["gradient"].get<List>();
  for (size_t t = 0; t < reference.size(); ++t) {
    CHECK(gradient[t] == doctest::Approx(reference[t]).epsilon(1e-12).scale(1e-3));
  }
  std::map<std::string, double> rows;
  for (const auto& [name, value] : out.metrics.rows()) rows[name] = value;
  for (const auto& [name, value] : expected["metrics"].items()) {
    CAPTURE(name);
    CHECK(rows.at(name) == near(value.get<double>()));
  }
}

}  // namespace

TEST_CASE("loss: equals TRL in loss, gradient and metrics for every loss type that both have") {
  const Json all = fixture("trl_loss");
  const auto lengths = all["lengths"].get<std::vector<int64_t>>();
  size_t num_cases = 0;
  for (const Json& set : all["sets"]) {
    const LossBatch batch = batch_of(set, lengths);
    const Tensor entropy = at::tensor(set["entropy"].get<List>(), at::kDouble);
    for (const Json& one : set["cases"]) {
      check_case(one, batch, entropy, all["max_completion_length"].get<double>());
      ++num_cases;
    }
  }
  CHECK(num_cases == 64);
}

TEST_CASE("advantage: equals TRL for every scale_rewards, with a sample that no reward function could score") {
  const Json expected = fixture("trl_advantages");
  List rewards;
  std::vector<uint8_t> valid;
  for (const Json& reward : expected["rewards"]) {
    rewards.push_back(reward.is_null() ? 0 : reward.get<double>());
    valid.push_back(!reward.is_null());
  }
  for (const auto& [scale, reference] : expected["advantages"].items()) {
    const auto out = rl::group_advantages(rewards, valid, expected["group_size"].get<int>(), {.scale_rewards = scale});
    for (size_t i = 0; i < rewards.size(); ++i) {
      CHECK(out.advantages[i] == doctest::Approx(reference[i].get<double>()).epsilon(1e-7));
    }
    CHECK(out.reward_mean == doctest::Approx(expected["reward"].get<double>()).epsilon(1e-12));
    CHECK(out.reward_std == doctest::Approx(expected["reward_std"].get<double>()).epsilon(1e-7));  // f32 in TRL
    CHECK(out.frac_reward_zero_std == expected["frac_reward_zero_std"].get<double>());
  }
}

}  // namespace lockstep
