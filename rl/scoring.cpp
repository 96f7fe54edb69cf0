// SPDX-License-Identifier: Apache-2.0
// Scoring of rollouts.
#include "rl/scoring.h"

#include "rewards/text_metrics.h"

namespace lockstep::rl {

ScoredGroup score_group(const Prompt& prompt, const rollout::Group& group, const RewardSet& rewards, const PromptSet& set) {
  ScoredGroup out;
  for (const auto& completion : group.completions) {
    ScoredSample s;
    s.text = set.prefill() + set.tokenizer().decode(completion.ids, /*skip_special=*/true);
    s.is_terminated = completion.finish == rollout::FinishReason::eos || completion.finish == rollout::FinishReason::stop;
    s.has_reflection = rewards::count_reflection_words(s.text) > 0;
    s.reward = rewards.combined.score({prompt.text, s.text, &prompt.row, s.is_terminated, static_cast<int64_t>(completion.ids.size())});
    out.samples.push_back(std::move(s));
  }
  return out;
}

Rollout run_rollout(rollout::Engine& engine,
                    const PromptSet& set,
                    std::vector<Prompt> prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    const RewardSet& rewards,
                    uint64_t seed) {
  Rollout out;
  out.prompts = std::move(prompts);
  out.scores.resize(out.prompts.size());
  out.groups = engine.generate(to_requests(out.prompts, num_samples, set), sampling, seed,
                               [&](size_t i, const rollout::Group& group) {
                                 out.scores[i] = score_group(out.prompts[i], group, rewards, set);
                               });
  out.stats = engine.stats();
  return out;
}

}  // namespace lockstep::rl
