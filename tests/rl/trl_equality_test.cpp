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
  batch.sampling = set["sampling"].get<List>();
  batch.entropy = set["entropy"].get<List>();
  for (size_t i = 0; i < lengths.size(); ++i) {
    batch.advantages.insert(batch.advantages.end(), static_cast<size_t>(lengths[i]),
                            set["sample_advantages"][i].get<double>());
  }
  return batch;
}

void check_near(const List& ours, const List& theirs) {
  REQUIRE(ours.size() == theirs.size());
  for (size_t t = 0; t < theirs.size(); ++t) CHECK(ours[t] == doctest::Approx(theirs[t]).epsilon(1e-12).scale(1e-3));
}

void check_case(const Json& expected, LossBatch batch, double max_length) {
  rl::LossConfig config;
  base::load(expected["config"], config);
  CAPTURE(expected["config"].dump());
  rl::LossTotals totals = batch.totals(config);
  totals.max_completion_length = max_length;
  if (!expected["config"].contains("importance_sampling_mode")) batch.sampling.clear();
  const auto out = test::evaluate(batch, config, totals);

  const auto near = [](double value) { return doctest::Approx(value).epsilon(1e-12).scale(1e-3); };
  CHECK(out.loss == near(expected["loss"].get<double>()));
  check_near(out.gradient, expected["gradient"].get<List>());
  if (expected.contains("entropy_gradient")) check_near(out.entropy_gradient, expected["entropy_gradient"].get<List>());
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
    for (const Json& one : set["cases"]) {
      check_case(one, batch, all["max_completion_length"].get<double>());
      ++num_cases;
    }
  }
  CHECK(num_cases == 2 * (32 + 19 + 8 + 4 + 6 + 5));
}

TEST_CASE("entropy: the adaptive coefficient equals TRL's, update by update, as applied and as kept") {
  const Json all = fixture("trl_entropy");
  rl::LossConfig config;
  base::load(all["config"], config);
  base::Json state = base::Json::object();
  for (const Json& step : all["steps"]) {
    rl::EntropyCoefficient coefficient(config, state);  // as a resumed run begins
    CHECK(coefficient.applied() == doctest::Approx(step["applied"].get<double>()).epsilon(1e-12));
    rl::LossMetrics update;
    update.num_bonus_tokens = 14;
    update.bonus_entropy_sum = 14 * step["entropy"].get<double>();
    coefficient.observe(update);
    CHECK(coefficient.value() == doctest::Approx(step["entropy_coef"].get<double>()).epsilon(1e-12));
  }
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
