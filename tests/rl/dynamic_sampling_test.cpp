// SPDX-License-Identifier: Apache-2.0
// Dynamic sampling: which groups stay, how many prompts are drawn, where it ends, and that a resumed run draws the same.
#include "rl/dynamic_sampling.h"

#include <doctest/doctest.h>

#include <string>

#include "base/file.h"
#include "rl/session.h"
#include "tests/rl/tiny_run.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

rl::ScoredGroup group_of(const std::vector<double>& rewards, std::vector<bool> is_scored = {}) {
  rl::ScoredGroup out;
  is_scored.resize(rewards.size(), true);
  for (size_t i = 0; i < rewards.size(); ++i) {
    rl::ScoredSample sample;
    sample.reward.status = is_scored[i] ? rewards::Status::ok : rewards::Status::error;
    sample.reward.value = rewards[i];
    out.samples.push_back(sample);
  }
  return out;
}

// A stream whose prompts n with n % every == 0 have rewards that differ, and what was asked of it.
struct ScriptedStream {
  uint64_t every = 3;
  std::vector<std::pair<uint64_t, int64_t>> draws;
  int stop_at = 1000;

  rl::DrawPrompts draw() {
    return [this](uint64_t first, int64_t count) -> std::optional<rl::Rollout> {
      draws.emplace_back(first, count);
      if (static_cast<int>(draws.size()) == stop_at) return std::nullopt;
      rl::Rollout out;
      for (uint64_t n = first; n < first + static_cast<uint64_t>(count); ++n) {
        out.prompts.emplace_back();
        out.prompts.back().id = n;
        out.groups.emplace_back();
        out.scores.push_back(group_of({0, n % every == 0 ? 1.0 : 0.0}));
      }
      out.stats.new_tokens = count;
      out.stats.seconds = 0.5;
      out.is_exact = false;
      return out;
    };
  }
};

std::vector<uint64_t> ids_of(const rl::Rollout& rollout) {
  std::vector<uint64_t> out;
  for (const auto& prompt : rollout.prompts) out.push_back(prompt.id);
  return out;
}

using Draws = std::vector<std::pair<uint64_t, int64_t>>;

}  // namespace

TEST_CASE("dynamic sampling: a group is flat when its scored rewards are equal, or fewer than two") {
  CHECK(rl::is_flat(group_of({1, 1, 1})));
  CHECK_FALSE(rl::is_flat(group_of({1, 0, 1})));
  CHECK(rl::is_flat(group_of({1, 0, 1}, {true, false, true})));
  CHECK(rl::is_flat(group_of({1, 0}, {false, true})));
  CHECK(rl::is_flat(group_of({})));
}

TEST_CASE("dynamic sampling: flat groups are replaced by as many new prompts, in the order of the stream") {
  ScriptedStream stream;
  uint64_t cursor = 30;
  const auto rollout = rl::draw_varied({.enable = true, .max_refills = 9}, 4, cursor, stream.draw());
  REQUIRE(rollout.has_value());
  CHECK(ids_of(*rollout) == std::vector<uint64_t>{30, 33, 36, 39});
  CHECK(rollout->groups.size() == 4);
  CHECK(rollout->scores.size() == 4);
  CHECK(stream.draws == Draws{{30, 4}, {34, 2}, {36, 2}, {38, 1}, {39, 1}});
  CHECK(cursor == 40);
  CHECK(rollout->draws.num_drawn == 10);
  CHECK(rollout->draws.num_kept == 4);
  CHECK(rollout->draws.num_refills == 4);
  CHECK(rollout->stats.new_tokens == 10);
  CHECK(rollout->stats.seconds == 2.5);
  CHECK_FALSE(rollout->is_exact);
}

TEST_CASE("dynamic sampling: without flat groups it is one draw") {
  ScriptedStream stream{.every = 1};
  uint64_t cursor = 7;
  const auto rollout = rl::draw_varied({.enable = true}, 3, cursor, stream.draw());
  CHECK(ids_of(rollout.value()) == std::vector<uint64_t>{7, 8, 9});
  CHECK(stream.draws.size() == 1);
  CHECK(cursor == 10);
}

TEST_CASE("dynamic sampling: after max_refills it goes on with what there is, or fails and says how far it came") {
  ScriptedStream stream{.every = 1000};
  uint64_t cursor = 1;
  const auto rollout = rl::draw_varied({.enable = true, .max_refills = 2}, 3, cursor, stream.draw());
  REQUIRE(rollout.has_value());
  CHECK(rollout->groups.empty());
  CHECK(rollout->draws.num_drawn == 9);
  CHECK(cursor == 10);
  check_error(
      [&] { rl::draw_varied({.enable = true, .max_refills = 2, .when_exhausted = "fail"}, 3, cursor, stream.draw()); },
      "after 2 refills only 0 of 3 prompts have completions whose rewards differ; 9 were drawn",
      "/grpo/dynamic_sampling", "raise num_generations or max_refills");
  CHECK(cursor == 10);
}

TEST_CASE("dynamic sampling: a draw that is stopped leaves the cursor where it was") {
  ScriptedStream stream{.stop_at = 2};
  uint64_t cursor = 1;
  CHECK_FALSE(rl::draw_varied({.enable = true}, 3, cursor, stream.draw()).has_value());
  CHECK(cursor == 1);
}

namespace {

// Four steps of a run with every part that keeps state between steps, `capped` first.
std::vector<std::string> rows_of(const std::string& folder, std::vector<std::string> more, int capped) {
  std::vector<std::string> assignments = {"pretrain.max_steps=1",
                                          "pretrain.learner.schedule.lr_scheduler_type=constant",
                                          "grpo.max_steps=4",
                                          "grpo.save.save_steps=1",
                                          "eval={}",
                                          "engine.draft=none",  // when drafts pay is timed: it shows in metrics
                                          "grpo.num_prompts=3",
                                          "grpo.num_minibatches=1",
                                          "grpo.learner.schedule.lr_scheduler_type=constant",
                                          "grpo.num_iterations=1",
                                          "grpo.num_generations=3"};
  assignments.insert(assignments.end(), more.begin(), more.end());
  for (int steps : {capped, 0}) {
    auto now = assignments;
    now.push_back("max_steps=" + std::to_string(steps));
    CHECK(rl::run(tiny_run(folder, now)) == 0);
  }
  std::vector<std::string> rows;
  base::for_each_line(folder + "/metrics.jsonl", [&](std::string_view line, size_t) {
    auto row = base::parse_json(line, "");
    if (row.at("stage") != "grpo") return;
    for (const char* of_time : {"step_time", "timing_s/rollout", "perf/rollout_tokens_per_s"}) row.erase(of_time);
    rows.push_back(row.dump());
  });
  return rows;
}

}  // namespace

TEST_CASE("dynamic sampling: an interrupted run draws the prompts of one that was not, and ends with equal bits") {
  const TempFolder scratch;
  const std::vector<std::string> options = {
      "grpo.dynamic_sampling.enable=true", "grpo.dynamic_sampling.max_refills=2", "grpo.ref_model_sync_steps=1",
      "grpo.ref_model_mixup_alpha=0.3",    "grpo.loss.use_adaptive_entropy=true", "grpo.loss.entropy_target=50",
      "grpo.loss.entropy_coef_delta=0.01", "grpo.loss.top_entropy_quantile=0.5",  "grpo.loss.use_kl_in_reward=true"};
  const auto straight = rows_of(scratch.path("a"), options, 4), interrupted = rows_of(scratch.path("b"), options, 2);
  CHECK(straight.size() == 4);
  CHECK(straight == interrupted);
  CHECK(base::read_file(scratch.path("a") + "/model/model.safetensors") ==
        base::read_file(scratch.path("b") + "/model/model.safetensors"));
  const auto last = base::parse_json(straight.back(), "");
  CHECK(last.at("groups/drawn").get<double>() >= last.at("groups/kept").get<double>());
  CHECK(last.at("groups/dropped").get<double>() ==
        last.at("groups/drawn").get<double>() - last.at("groups/kept").get<double>());
  CHECK(last.at("entropy_coef").get<double>() > 0);
  CHECK(last.contains("kl"));
  CHECK(last.contains("reward_kl_penalty"));
}

}  // namespace lockstep::test
