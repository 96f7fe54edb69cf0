// SPDX-License-Identifier: Apache-2.0
// Rewards of whole rollouts: samples decoded once and scored as soon as they are finished.
#pragma once

#include <string>
#include <vector>

#include "rewards/combined.h"
#include "rl/draws.h"
#include "rl/prompts.h"
#include "rollout/engine.h"

namespace lockstep::rl {

// The run's rewards with their configs: evaluation asks a reward's type.
struct RewardSet {
  std::vector<rewards::RewardConfig> configs;
  rewards::Combined combined;
  // `policy` is the tokenizer of the ids that are scored, for rewards that are models themselves; null: texts alone.
  RewardSet(const std::vector<rewards::RewardConfig>& rewards, uint64_t run_seed, const model::Tokenizer* policy = nullptr);
};

struct ScoredSample {
  std::string text;                 // decoded completion, special tokens skipped, prefill put back in front
  rewards::CombinedScore reward;    // weighted sum and each reward's score
  bool has_reflection = false;
  bool is_terminated = true;
};

struct ScoredGroup {
  std::vector<ScoredSample> samples;  // aligned with the group's completions
};

// Groups of prompts drawn for a rollout; all of them are kept unless dynamic sampling is enabled.
struct DrawCounts {
  int64_t num_drawn = 0, num_kept = 0, num_refills = 0;
};

// The KL of each completion to the reference model, summed over its tokens, where it is a part of the reward.
struct RolloutKl {
  std::vector<double> sums;  // group after group; empty: no part of the reward
  double num_tokens = 0;
};

struct Rollout {
  std::vector<Prompt> prompts;
  std::vector<rollout::Group> groups;
  std::vector<ScoredGroup> scores;
  bool is_exact = true;  // the sampler's log-probabilities are meant to be the learner's
  rollout::EngineStats stats;
  DrawCounts draws;
  RolloutKl kl;
};

// Generates and scores. A sample is scored as soon as it is finished, on threads of their own, by the rewards that score
// samples one by one; the others get their batch with the group's last sample. No lane of the engine waits for a reward. The
// result does not depend on which sample was finished first. With several ranks each does its share, and all get the whole.
Rollout run_rollout(rollout::Engine& engine,
                    const PromptSet& set,
                    std::vector<Prompt> prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    const RewardSet& rewards,
                    uint64_t seed,
                    const Draws& draws = {});

}  // namespace lockstep::rl
