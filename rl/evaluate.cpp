// SPDX-License-Identifier: Apache-2.0
// Held-out evaluation.
#include "rl/evaluate.h"

#include <algorithm>

#include "base/text.h"
#include "rl/scoring.h"

namespace lockstep::rl {
namespace {

// A reward of the run by its type: "accuracy" decides what is right, "format" what is well formed.
const rewards::Score* find_score(const rewards::CombinedScore& b, const RewardSet& rewards, const std::string& type) {
  for (size_t i = 0; i < b.parts.size(); ++i)
    if (rewards.configs[i].type == type) return &b.parts[i];
  return nullptr;
}

struct PromptTally {
  int64_t right = 0, samples = 0;
  std::vector<std::pair<std::string, bool>> answers;  // extracted answer, is it right; a sample without one has no vote

  // Is the most frequent answer right? Ties go to the answer drawn first.
  bool majority_is_right() const {
    int64_t best = 0;
    bool is_right = false;
    for (size_t i = 0; i < answers.size(); ++i) {
      int64_t votes = 0;
      for (const auto& other : answers) votes += other.first == answers[i].first;
      if (votes > best) {
        best = votes;
        is_right = answers[i].second;
      }
    }
    return is_right;
  }
};

void add_sample(EvalResult& out, PromptTally& tally, const ScoredSample& sample, const rollout::Completion& completion,
                const RewardSet& rewards) {
  const auto* accuracy = find_score(sample.reward, rewards, "accuracy");
  const bool is_right = accuracy && accuracy->status == rewards::Status::ok && accuracy->value >= 1.0;
  tally.samples += 1;
  tally.right += is_right;
  // All right answers are one, however they are written ("1/2", "0.5"); wrong ones are compared as text.
  if (accuracy && !accuracy->answer.empty()) tally.answers.emplace_back(is_right ? "" : accuracy->answer, is_right);
  if (const auto* format = find_score(sample.reward, rewards, "format")) {
    out.has_format = true;
    out.format += format->value;
  }
  out.mean_length += static_cast<double>(completion.ids.size());
  out.reflection += sample.has_reflection;
  out.truncated += completion.finish == rollout::FinishReason::length;
  out.reward += sample.reward.value;
}

void divide(EvalResult& out) {
  const double samples = static_cast<double>(std::max<int64_t>(1, out.num_samples));
  for (double* value : {&out.format, &out.mean_length, &out.reflection, &out.truncated, &out.reward}) *value /= samples;
  const double prompts = static_cast<double>(std::max<int64_t>(1, out.num_prompts));
  for (double* value : {&out.pass_at_1, &out.pass_at_k, &out.cons_at_k}) *value /= prompts;
}

}  // namespace

// 1 - C(n - c, k) / C(n, k), as a product.
double pass_at_k(int64_t n, int64_t c, int64_t k) {
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (int64_t i = n - c + 1; i <= n; ++i) miss *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  return 1.0 - miss;
}

base::Json EvalResult::to_json() const {
  base::Json json = {{"pass_at_1", pass_at_1}, {"pass_at_k", pass_at_k},     {"cons_at_k", cons_at_k},
                     {"format", format},       {"mean_length", mean_length}, {"reflection", reflection},
                     {"truncated", truncated}, {"reward", reward},           {"num_prompts", num_prompts},
                     {"num_samples", num_samples}};
  for (const auto& [difficulty, value] : pass_by_difficulty) json["pass_by_difficulty"][difficulty] = value;
  return json;
}

EvalResult evaluate(rollout::Engine& engine,
                    const PromptSet& prompts,
                    const RewardSet& rewards,
                    int num_prompts,
                    int num_samples,
                    const rollout::SamplingConfig& sampling,
                    uint64_t seed,
                    const Draws& draws) {
  const uint64_t rows = prompts.size();
  const int64_t count = rows > 0 ? std::min<int64_t>(num_prompts, static_cast<int64_t>(rows)) : num_prompts;
  const auto rollout = run_rollout(engine, prompts, prompts.slice(0, count), num_samples, sampling, rewards, seed, draws);
  EvalResult out;
  std::map<std::string, std::pair<double, double>> by_difficulty;  // sum of pass@1, prompts
  for (size_t i = 0; i < rollout.groups.size(); ++i) {
    PromptTally tally;
    for (size_t s = 0; s < rollout.groups[i].completions.size(); ++s)
      add_sample(out, tally, rollout.scores[i].samples[s], rollout.groups[i].completions[s], rewards);
    const double pass = static_cast<double>(tally.right) / static_cast<double>(tally.samples);
    out.pass_at_1 += pass;
    out.pass_at_k += rl::pass_at_k(tally.samples, tally.right, tally.samples);
    out.cons_at_k += tally.majority_is_right();
    out.num_prompts += 1;
    out.num_samples += tally.samples;
    const auto& row = rollout.prompts[i].row;
    if (row.contains("difficulty")) {
      auto& [sum, n] = by_difficulty[row["difficulty"].dump()];
      sum += pass;
      n += 1;
    }
  }
  divide(out);
  for (const auto& [difficulty, sums] : by_difficulty) out.pass_by_difficulty[difficulty] = sums.first / sums.second;
  return out;
}

}  // namespace lockstep::rl
