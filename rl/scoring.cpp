// SPDX-License-Identifier: Apache-2.0
// Scoring of rollouts.
#include "rl/scoring.h"

#include <algorithm>
#include <atomic>

#include "base/task_queue.h"
#include "base/thread_pool.h"
#include "rewards/text_metrics.h"
#include "rl/reward_model_reward.h"
#include "rl/rollout_exchange.h"

namespace lockstep::rl {

namespace {

// Rewards have deadlines of their own, far below it.
constexpr double kScoringTimeoutS = 24 * 3600;

// Takes samples in any order and from any thread; a prompt's group is written when its last sample has come.
class Scorer {
 public:
  Scorer(Rollout& out, int num_samples, const PromptSet& set, const RewardSet& rewards)
      : out_(out),
        set_(set),
        rewards_(rewards),
        groups_(out.prompts.size()),
        queue_(base::default_num_threads(), std::max<size_t>(1, groups_.size() * static_cast<size_t>(num_samples))) {
    for (Group& group : groups_) {
      group.samples.resize(static_cast<size_t>(num_samples));
      group.ids.resize(group.samples.size());
      group.known.resize(group.samples.size());
      group.num_missing = num_samples;
    }
  }

  void take(size_t prompt, size_t sample, const rollout::Completion& completion) {
    queue_.add([this, prompt, sample, ids = completion.ids,
                finish = completion.finish]() mutable { score(prompt, sample, std::move(ids), finish); },
               kScoringTimeoutS);
  }
  void finish() { queue_.finish(kScoringTimeoutS); }

 private:
  struct Group {
    std::vector<ScoredSample> samples;
    std::vector<std::vector<TokenId>> ids;
    std::vector<rewards::Combined::Known> known;
    std::atomic<int> num_missing = 0;
  };

  void score(size_t prompt, size_t sample, std::vector<TokenId>&& ids, rollout::FinishReason finish) {
    Group& group = groups_[prompt];
    ScoredSample& s = group.samples[sample];
    s.text = set_.prefill() + set_.tokenizer().decode(ids, /*skip_special=*/true);
    s.is_terminated = finish == rollout::FinishReason::eos || finish == rollout::FinishReason::stop;
    s.has_reflection = rewards::count_reflection_words(s.text) > 0;
    group.ids[sample] = std::move(ids);
    group.known[sample] = rewards_.combined.score_alone(view(prompt, sample));
    if (--group.num_missing == 0) complete(prompt);
  }

  void complete(size_t prompt) {
    Group& group = groups_[prompt];
    std::vector<rewards::Sample> samples;
    for (size_t i = 0; i < group.samples.size(); ++i) samples.push_back(view(prompt, i));
    auto scores = rewards_.combined.complete(samples, std::move(group.known));
    for (size_t i = 0; i < scores.size(); ++i) group.samples[i].reward = std::move(scores[i]);
    out_.scores[prompt].samples = std::move(group.samples);
  }

  rewards::Sample view(size_t prompt, size_t sample) const {
    const Prompt& row = out_.prompts[prompt];
    const ScoredSample& s = groups_[prompt].samples[sample];
    const auto& ids = groups_[prompt].ids[sample];
    return {row.text, s.text, &row.row, s.is_terminated, static_cast<int64_t>(ids.size()), ids, row.ids};
  }

  Rollout& out_;
  const PromptSet& set_;
  const RewardSet& rewards_;
  std::vector<Group> groups_;
  base::TaskQueue queue_;  // last: its tasks end before what they write to
};

}  // namespace

RewardSet::RewardSet(const std::vector<rewards::RewardConfig>& rewards, uint64_t run_seed, const model::Tokenizer* policy)
    : configs(rewards), combined(rewards, run_seed, "/rewards", {reward_model_type(policy)}) {}

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
    Scorer scorer(out, num_samples, set, rewards);
    rollout::Listener listener;
    listener.on_completion = [&](size_t i, size_t sample, const rollout::Completion& completion) {
      scorer.take(own[i], sample, completion);
    };
    auto groups = engine.generate(requests, sampling, seed, listener);
    scorer.finish();
    for (size_t i = 0; i < own.size(); ++i) out.groups[own[i]] = std::move(groups[i]);
    out.stats = engine.stats();
  }
  exchange(draws, out);
  return out;
}

}  // namespace lockstep::rl
