// SPDX-License-Identifier: Apache-2.0
// The scheduler alone, without a model: limits hold at every step, and everything is finished in the end.
#include "rollout/scheduler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::rollout {
namespace {

// Groups whose sample s of group g draws a fixed number of tokens, and a check of every step.
class Play {
 public:
  Play(const SchedulerLimits& limits, int num_groups, int num_samples, uint64_t seed) : limits_(limits) {
    base::Random random(seed, "play");
    prompts_.resize(static_cast<size_t>(num_groups));
    groups_.resize(static_cast<size_t>(num_groups));
    for (size_t g = 0; g < groups_.size(); ++g) {
      prompts_[g].assign(static_cast<size_t>(random.between(1, 20)), 1);
      groups_[g].request = g;
      groups_[g].prompt = &prompts_[g];
      groups_[g].max_new_tokens = 12;
      for (int s = 0; s < num_samples; ++s) {
        groups_[g].samples.push_back({s, 0, {}, {}, false});
        length_[{g, s}] = static_cast<size_t>(random.between(1, 12));
      }
    }
  }

  // Returns the number of steps.
  int run() {
    Scheduler scheduler(limits_, groups_, 0);
    Step step;
    int steps = 0;
    while (scheduler.next(step)) {
      REQUIRE(++steps < 20000);
      check(step);
      for (const Chunk& chunk : step.chunks)
        if (chunk.draws) draw(chunk);
      scheduler.settle(step);
    }
    CHECK(scheduler.pool().num_free() == limits_.num_pages);
    for (const auto& group : groups_)
      for (const auto& sample : group.samples) CHECK(sample.is_finished);
    preempted = scheduler.num_preempted();
    peak_rows = scheduler.peak_rows();
    return steps;
  }

  int64_t preempted = 0, peak_rows = 0;

 private:
  void draw(const Chunk& chunk) {
    PromptGroup& group = *chunk.sequence->group;
    for (Sample& sample : group.samples) {
      if (chunk.sequence->sample && chunk.sequence->sample != &sample) continue;
      sample.completion.ids.push_back(2);
      sample.is_finished = sample.completion.ids.size() == length_[{group.request, sample.index}];
    }
  }

  void check(const Step& step) {
    std::set<const Sequence*> sequences;
    std::map<int64_t, int> written;
    int64_t tokens = 0;
    for (const Chunk& chunk : step.chunks) {
      CHECK(sequences.insert(chunk.sequence).second);
      CHECK(chunk.begin == chunk.sequence->num_computed);
      CHECK(chunk.count >= 1);
      REQUIRE(chunk.begin + chunk.count <= static_cast<int64_t>(chunk.sequence->cache.rows.size()));
      CHECK(chunk.draws <= (chunk.begin + chunk.count == chunk.sequence->num_tokens()));
      for (int64_t i = chunk.begin; i < chunk.begin + chunk.count; ++i)
        ++written[chunk.sequence->cache.rows[static_cast<size_t>(i)]];
      tokens += chunk.count;
    }
    for (const int64_t row : step.copies.to) ++written[row];
    for (const auto& [row, count] : written) CHECK(count == 1);
    for (const int64_t row : step.copies.from) CHECK(written.count(row) == 0);
    CHECK(tokens <= limits_.max_num_batched_tokens);
    CHECK(static_cast<int64_t>(sequences.size()) <= limits_.max_num_seqs);
  }

  SchedulerLimits limits_;
  std::vector<std::vector<TokenId>> prompts_;
  std::vector<PromptGroup> groups_;
  std::map<std::pair<size_t, int>, size_t> length_;
};

TEST_CASE("scheduler: any limits end with every sample finished and every page free") {
  int64_t preempted = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed, "limits");
    SchedulerLimits limits;
    limits.page_size = random.between(1, 7);
    limits.max_num_seqs = random.between(1, 9);
    limits.max_num_batched_tokens = random.between(1, 30);
    for (int64_t length = 1; length <= 20; ++length)
      limits.num_pages = std::max(limits.num_pages, pages_alone(limits.page_size, length, 12));
    limits.num_pages += random.between(0, 8);
    INFO(cat("seed ", seed));
    Play play(limits, static_cast<int>(random.between(1, 5)), static_cast<int>(random.between(1, 6)), seed);
    play.run();
    preempted += play.preempted;
  }
  CHECK(preempted > 100);
}

TEST_CASE("scheduler: with room for all, samples never wait for each other") {
  Play play({.max_num_seqs = 100, .max_num_batched_tokens = 1000, .num_pages = 400, .page_size = 4}, 5, 6, 1);
  CHECK(play.run() == 12);
  CHECK(play.preempted == 0);
}

TEST_CASE("scheduler: a finished sample's slot is refilled in the next step") {
  // One slot and 30 samples: one step for each prompt, and one for each token after the first.
  Play play({.max_num_seqs = 1, .max_num_batched_tokens = 1000, .num_pages = 400, .page_size = 4}, 1, 30, 2);
  const int steps = play.run();
  Play wide({.max_num_seqs = 2, .max_num_batched_tokens = 1000, .num_pages = 400, .page_size = 4}, 1, 30, 2);
  CHECK(wide.run() <= (steps + 12) / 2 + 1);
}

TEST_CASE("scheduler: a group that could never fit is a fault") {
  std::vector<TokenId> prompt(10, 1);
  std::vector<PromptGroup> groups(1);
  groups[0].prompt = &prompt;
  groups[0].max_new_tokens = 8;
  groups[0].samples.resize(1);
  CHECK(pages_alone(4, 10, 8) == 3 + 3);
  CHECK(pages_alone(4, 8, 8) == 2 + 2);
  CHECK(pages_alone(4, 10, 1) == 3);
  test::check_error([&] { Scheduler({.num_pages = 5, .page_size = 4}, groups, 0); }, "fits the cache alone",
                    "scheduler.cpp", "");
}

}  // namespace
}  // namespace lockstep::rollout
