// SPDX-License-Identifier: Apache-2.0
// Scoring of rollouts.
#include "rl/scoring.h"

#include "rewards/text_metrics.h"
#include "rl/rollout_exchange.h"

namespace lockstep::rl {

ScoredGroup score_group(const Prompt& prompt, const rollout::Group& group, const RewardSet& rewards, const PromptSet& set) {
  ScoredGroup out;
  for (const auto& completion : group.completions) {
    ScoredSample s;
    s.text = set.prefill() + set.tokenizer().decode(completion.ids, /*skip_special=*/true);
    s.is_terminated = completion.finish == rollout::FinishReason::eos || completion.finish == rollout::FinishReason::stop;
    s.has_reflection = rewards::count_reflection_words(s.text) > 0;
    out.samples.push_back(std::move(s));
  }
  // One call for the group: rewards may compare its completions, and a plugin's process is asked once.
  std::vector<rewards::Sample> samples;
  for (size_t i = 0; i < out.samples.size(); ++i) {
    const auto& ids = group.completions[i].ids;
    samples.push_back({prompt.text, out.samples[i].text, &prompt.row, out.samples[i].is_terminated, static_cast<int64_t>(ids.size()), ids});
  }
  auto scores = rewards.combined.score_batch(samples);
  for (size_t i = 0; i < scores.size(); ++i) out.samples[i].reward = std::move(scores[i]);
  return out;
}

Rollout run_rollout(rollout::Engine& engine,
                    const PromptSet& set,
                    std::vector<Prompt> prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    const RewardSet& rewards,
                    uint64_t seed,
                    const Draws& draws) {
  Rollout out;
  out.prompts = std::move(prompts);
  out.scores.resize(out.prompts.size());
  out.groups.resize(out.prompts.size());
  std::vector<size_t> own;
  std::vector<rollout::Request> requests;
  auto all = to_requests(out.prompts, num_samples, set);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!draws.is_mine(i)) continue;
    own.push_back(i);
    requests.push_back(std::move(all[i]));
  }
  if (!own.empty()) {
    auto groups = engine.generate(requests, sampling, seed, [&](size_t i, const rollout::Group& group) {
      out.scores[own[i]] = score_group(out.prompts[own[i]], group, rewards, set);
    });
    for (size_t i = 0; i < own.size(); ++i) out.groups[own[i]] = std::move(groups[i]);
    out.stats = engine.stats();
  }
  exchange(draws, out);
  return out;
}

Rollout run_rollout(rollout::Engine& engine,
                    const PromptSet& set,
                    std::vector<Prompt> prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    const RewardSet& rewards,
                    uint64_t seed) {
  return run_rollout(engine, set, std::move(prompts), num_samples, sampling, rewards, seed, Draws{});
}

}  // namespace lockstep::rl
