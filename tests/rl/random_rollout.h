// SPDX-License-Identifier: Apache-2.0
// A scored rollout of random completions, and the loss of a minibatch from its definition.
#pragma once

#include <string>
#include <vector>

#include "rl/entropy.h"
#include "rl/grpo_update.h"
#include "tests/rl/tiny_rows.h"

namespace lockstep::test {

using rollout::FinishReason;

inline constexpr int kGroupSize = 4;

// A rollout of random completions with rewards in {0, 0.5, 1}; group 1 has equal rewards, sample (2, 1) could not be scored,
// every fifth completion was cut. Old log-probabilities are the model's with noise, so that some ratios are clipped.
inline rl::Rollout random_rollout(const model::Transformer& m, size_t num_groups, uint64_t seed) {
  const c10::NoGradGuard no_grad;
  base::Random random(seed, "rollout of a test");
  rl::Rollout out;
  for (size_t g = 0; g < num_groups; ++g) {
    rl::Prompt prompt;
    prompt.id = g;
    prompt.ids = random_ids(random, random.between(1, 12));
    out.groups.emplace_back();
    out.scores.emplace_back();
    for (int i = 0; i < kGroupSize; ++i) {
      rollout::Completion completion;
      completion.ids = random_ids(random, random.between(1, 14));
      const auto logprobs = row_logprobs(m, prompt.ids, completion.ids);
      for (int64_t t = 0; t < logprobs.numel(); ++t)
        completion.logprobs.push_back(logprobs.const_data_ptr<float>()[t] + static_cast<float>(0.2 * random.normal()));
      completion.finish = (g * kGroupSize + static_cast<size_t>(i)) % 5 == 4 ? FinishReason::length : FinishReason::eos;
      out.groups.back().completions.push_back(completion);
      rl::ScoredSample sample;
      sample.reward.status = g == 2 && i == 1 ? rewards::Status::error : rewards::Status::ok;
      sample.reward.value = g == 1 ? 0.5 : 0.5 * static_cast<double>(random.between(0, 2));
      out.scores.back().samples.push_back(sample);
    }
    out.prompts.push_back(std::move(prompt));
  }
  return out;
}

inline rl::GrpoConfig config_of(const std::string& loss_type = "grpo", double beta = 0) {
  rl::GrpoConfig config;
  config.num_generations = kGroupSize;
  config.loss.loss_type = loss_type;
  config.loss.beta = beta;
  config.learner.max_tokens = 1 << 20;
  config.sampling.max_completion_length = 16;
  return config;
}

struct Update {
  rl::LossMetrics metrics;
  std::vector<Tensor> gradients;
};

inline Update update_of(model::Transformer& m,
                        const rl::Rollout& rollout,
                        const std::vector<rl::TrainSample>& samples,
                        const rl::GrpoConfig& config,
                        int num_shards = 1,
                        const model::Transformer* reference = nullptr) {
  base::ThreadPool pool(2);
  rl::Learner learner(m, num_shards, pool);
  Update out;
  out.metrics = rl::accumulate_grpo(learner, rollout, samples, config, {reference, config.loss.entropy_coef});
  out.gradients = gradients_of(m);
  return out;
}

inline kernels::TokenLogprobs row_statistics(const model::Transformer& m, const Ids& prompt, const Ids& completion) {
  const Ids ids = joined(prompt, completion);
  const auto first = static_cast<int64_t>(prompt.size()), count = static_cast<int64_t>(completion.size());
  const auto batch = model::make_batch({{ids, -1}}, at::kCPU);
  return kernels::token_logprobs(m.forward(batch).narrow(0, first - 1, count), m.head(),
                                 batch.ids.narrow(0, first, count), 1.0, true);
}

inline void add_entropy_totals(rl::LossTotals& totals,
                               const Tensor& entropy,
                               const std::vector<double>& mask,
                               const rl::LossConfig& config) {
  totals.entropy_coef = config.entropy_coef;
  if (config.top_entropy_quantile == 1) return;
  std::vector<float> counted;
  for (size_t t = 0; t < mask.size(); ++t)
    if (mask[t] != 0) counted.push_back(entropy.const_data_ptr<float>()[t]);
  totals.entropy_threshold = rl::entropy_threshold(counted, config.top_entropy_quantile);
  for (float value : counted) totals.num_entropy_tokens += static_cast<double>(value) >= totals.entropy_threshold;
}

// The loss of a minibatch from its definition: every sample computed on its own, masked ones under a mask, no skipping.
inline Tensor direct_loss(const model::Transformer& m,
                          const rl::Rollout& rollout,
                          const std::vector<rl::TrainSample>& samples,
                          const rl::GrpoConfig& config,
                          const model::Transformer* reference) {
  rl::LossInput in;
  rl::LossTotals totals;
  totals.max_completion_length = static_cast<double>(config.sampling.max_completion_length);
  in.sample_offsets = {0};
  std::vector<Tensor> logprobs, ref, entropy;
  std::vector<double> old, advantages, mask;
  for (const auto& s : samples) {
    const auto& completion = rollout.groups[s.group].completions[s.index];
    const auto row = row_statistics(m, rollout.prompts[s.group].ids, completion.ids);
    logprobs.push_back(row.logprobs);
    entropy.push_back(row.entropy);
    if (reference) ref.push_back(row_logprobs(*reference, rollout.prompts[s.group].ids, completion.ids).detach());
    for (float value : completion.logprobs) {
      old.push_back(value);
      advantages.push_back(s.advantage);
      mask.push_back(s.has_loss);
    }
    totals.num_samples += 1;
    if (s.has_loss) totals.num_tokens += static_cast<double>(completion.ids.size());
    in.sample_offsets.push_back(static_cast<int64_t>(old.size()));
  }
  in.logprobs = at::cat(logprobs);
  in.entropy = at::cat(entropy);
  add_entropy_totals(totals, in.entropy, mask, config.loss);
  if (reference) in.ref_logprobs = at::cat(ref);
  in.old_logprobs = at::tensor(old, at::kFloat);
  in.advantages = at::tensor(advantages, at::kFloat);
  in.mask = at::tensor(mask, at::kFloat);
  return rl::grpo_loss(in, totals, config.loss).loss;
}

}  // namespace lockstep::test
