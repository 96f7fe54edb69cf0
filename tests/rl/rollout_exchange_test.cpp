// SPDX-License-Identifier: Apache-2.0
// A rollout that several ranks draw is the one that a single process draws.
#include "rl/rollout_exchange.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "base/text.h"
#include "tests/rl/ranks/worlds.h"

namespace lockstep {

using rl::ranks::World;

namespace {

rollout::Group random_group(uint64_t index) {
  base::Random random(5, "exchange", index);
  rollout::Group group;
  for (uint64_t s = 0; s < 2; ++s) {
    rollout::Completion c;
    for (uint64_t t = 0; t < index + s; ++t) {
      c.ids.push_back(static_cast<model::TokenId>(random.below(100)));
      c.logprobs.push_back(static_cast<float>(random.normal()));
      c.experts.push_back(static_cast<uint16_t>(random.below(8)));
    }
    c.finish = s == 0 ? rollout::FinishReason::eos : rollout::FinishReason::length;
    c.weight_version = index;
    group.completions.push_back(std::move(c));
  }
  return group;
}

rl::ScoredGroup random_scores(uint64_t index) {
  rl::ScoredGroup out;
  for (uint64_t s = 0; s < 2; ++s) {
    rl::ScoredSample sample{.text = cat("text ", index, std::string("\0\xff", 2)), .has_reflection = s == 1, .is_terminated = index % 2 == 0};
    rewards::Score score{.status = s == 0 ? rewards::Status::ok : rewards::Status::timeout, .value = 0.1 * static_cast<double>(index)};
    score.detail.assign(3, 'w');
    score.answer.assign(1, '7');
    score.metrics = {{"a", 1.5}, {"b", -0.0}};
    score.extras = {{"x", "y"}};
    sample.reward = {score.status, score.value, {score, {}}};
    out.samples.push_back(std::move(sample));
  }
  return out;
}

// A rollout of five groups in which only those for which `is_there` holds are filled in.
rl::Rollout rollout_with(const std::function<bool(size_t)>& is_there) {
  rl::Rollout out;
  out.prompts.resize(5);
  out.groups.resize(5);
  out.scores.resize(5);
  for (size_t i = 0; i < 5; ++i) {
    if (!is_there(i)) continue;
    out.groups[i] = random_group(i);
    out.scores[i] = random_scores(i);
    out.stats.new_tokens += 10;
  }
  return out;
}

void check_same(const rl::Rollout& a, const rl::Rollout& b) {
  for (size_t i = 0; i < 5; ++i)
    for (size_t s = 0; s < 2; ++s) {
      const auto &x = a.groups[i].completions.at(s), &y = b.groups[i].completions.at(s);
      CHECK(x.ids == y.ids);
      CHECK(x.logprobs == y.logprobs);
      CHECK(x.experts == y.experts);
      CHECK(x.finish == y.finish);
      CHECK(x.weight_version == y.weight_version);
      const auto &p = a.scores[i].samples.at(s), &q = b.scores[i].samples.at(s);
      CHECK(p.text == q.text);
      CHECK(p.has_reflection == q.has_reflection);
      CHECK(p.is_terminated == q.is_terminated);
      CHECK(p.reward.status == q.reward.status);
      CHECK(p.reward.value == q.reward.value);
      REQUIRE(p.reward.parts.size() == q.reward.parts.size());
      const auto &u = p.reward.parts[0], &v = q.reward.parts[0];
      CHECK(u.detail == v.detail);
      CHECK(u.answer == v.answer);
      CHECK(u.metrics == v.metrics);
      CHECK(u.extras == v.extras);
    }
  CHECK(a.stats.new_tokens == b.stats.new_tokens);
}

}  // namespace

TEST_CASE("rollout exchange: every rank ends with the whole, bit for bit") {
  const auto whole = rollout_with([](size_t) { return true; });
  for (int size : {2, 3, 7})
    test::with_ranks(size, [&](World& world) {
      const rl::Draws draws{&world, false};
      auto own = rollout_with([&](size_t i) { return draws.is_mine(i); });
      rl::exchange(draws, own);
      check_same(own, whole);
    });
}

TEST_CASE("rollout exchange: with workers the first rank draws everything") {
  const auto whole = rollout_with([](size_t) { return true; });
  test::with_ranks(2, [&](World& world) {
    const rl::Draws draws{&world, true};
    auto own = rollout_with([&](size_t) { return world.is_first(); });
    rl::exchange(draws, own);
    check_same(own, whole);
  });
}

}  // namespace lockstep
