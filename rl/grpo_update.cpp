// SPDX-License-Identifier: Apache-2.0
// GRPO's updates from a rollout.
#include "rl/grpo_update.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/token_logprobs.h"
#include "rewards/aggregate.h"

namespace lockstep::rl {
namespace {

const rollout::Completion& completion_of(const Rollout& rollout, const TrainSample& s) {
  return rollout.groups[s.group].completions[s.index];
}

// bnpo divides by the tokens of the call: there a sample without advantage counts, and a masked one is as if not drawn.
bool divides_by_call(const GrpoConfig& config) { return config.loss.loss_type == "bnpo"; }

LossTotals totals_of(const Rollout& rollout, const std::vector<TrainSample>& minibatch, const GrpoConfig& config) {
  LossTotals totals;
  for (const auto& s : minibatch) totals.num_samples += s.has_loss || !divides_by_call(config);
  totals.max_completion_length = static_cast<double>(config.sampling.max_completion_length);
  for (const auto& s : minibatch)
    if (s.has_loss) totals.num_tokens += static_cast<double>(completion_of(rollout, s).ids.size());
  return totals;
}

Tensor gather_logprobs(const model::Transformer& m, const MicroBatch& micro, double temperature, Tensor* entropy) {
  const auto hidden = m.forward(micro.batch).index_select(0, micro.rows);
  auto out = kernels::token_logprobs(hidden, m.head(), micro.targets, temperature, entropy != nullptr);
  if (entropy) *entropy = out.entropy;
  return out.logprobs;
}

LossInput loss_input(const Rollout& rollout, const std::vector<TrainSample>& samples, const MicroBatch& micro) {
  LossInput in;
  in.old_logprobs = at::empty({micro.num_targets()}, at::kFloat);
  in.advantages = at::empty({micro.num_targets()}, at::kFloat);
  auto* old = in.old_logprobs.mutable_data_ptr<float>();
  auto* advantage = in.advantages.mutable_data_ptr<float>();
  for (int64_t index : micro.samples) {
    const TrainSample& s = samples[static_cast<size_t>(index)];
    for (float logprob : completion_of(rollout, s).logprobs) {
      *old++ = logprob;
      *advantage++ = static_cast<float>(s.advantage);
    }
  }
  in.sample_offsets = micro.sample_offsets;
  return in;
}

}  // namespace

RolloutAdvantages rollout_advantages(const Rollout& rollout, const GrpoConfig& config, std::span<const double> weights) {
  std::vector<double> rewards;
  std::vector<uint8_t> valid;
  std::vector<rewards::CombinedScore> scores;
  for (const auto& group : rollout.scores)
    for (const auto& sample : group.samples) {
      rewards.push_back(sample.reward.value);
      valid.push_back(sample.reward.status == rewards::Status::ok);
      scores.push_back(sample.reward);
    }
  RolloutAdvantages out;
  out.stats = group_advantages(rewards, valid, config.num_generations, config.advantage);
  if (config.advantage.multi_objective_aggregation == "normalize_then_sum") {
    const auto table = rewards::reward_table(scores, weights.size());
    out.stats.advantages = rewards::normalize_then_sum(table, weights, config.num_generations);
  }
  size_t flat = 0;
  for (size_t g = 0; g < rollout.groups.size(); ++g)
    for (size_t i = 0; i < rollout.groups[g].completions.size(); ++i, ++flat) {
      if (!valid[flat]) continue;
      const bool is_masked = config.mask_truncated_completions &&
                             rollout.groups[g].completions[i].finish == rollout::FinishReason::length;
      out.samples.push_back({g, i, out.stats.advantages[flat], !is_masked});
    }
  return out;
}

std::vector<std::vector<TrainSample>> split_minibatches(const RolloutAdvantages& advantages, size_t num_groups,
                                                        const GrpoConfig& config, uint64_t seed, int64_t step, int iteration) {
  std::vector<size_t> part_of(num_groups), order(num_groups);
  std::iota(order.begin(), order.end(), size_t{0});
  base::Random(seed, "minibatches", static_cast<uint64_t>(step), static_cast<uint64_t>(iteration)).shuffle(order);
  const size_t parts = std::min<size_t>(static_cast<size_t>(config.num_minibatches), num_groups);
  for (size_t place = 0; place < num_groups; ++place) part_of[order[place]] = place * parts / num_groups;
  std::vector<std::vector<TrainSample>> out(parts);
  for (const auto& s : advantages.samples) out[part_of[s.group]].push_back(s);
  std::erase_if(out, [](const auto& part) { return part.empty(); });
  return out;
}

void check_on_policy(const LossMetrics& metrics, const GrpoConfig& config, const at::Device& device, int64_t step) {
  if (!kernels::is_native(device) || config.logp_mismatch == "log" || metrics.logp_difference_max == 0) return;
  throw Error(cat("the learner's log-probabilities differ from those that the sampler recorded, by up to ", metrics.logp_difference_max),
              cat("grpo, step ", step),
              "run `lockstep check parity` on the run's last checkpoint and report what it says; grpo.logp_mismatch = \"log\" goes on");
}

LossMetrics accumulate_grpo(Learner& learner,
                            const Rollout& rollout,
                            const std::vector<TrainSample>& minibatch,
                            const GrpoConfig& config,
                            const model::Transformer* reference) {
  const auto totals = totals_of(rollout, minibatch, config);
  std::vector<TrainSample> computed;
  for (const auto& s : minibatch)
    if (s.has_loss && (s.advantage != 0 || config.loss.beta > 0 || divides_by_call(config))) computed.push_back(s);
  std::vector<PackRow> rows;
  for (const auto& s : computed)
    rows.push_back({&rollout.prompts[s.group].ids, &completion_of(rollout, s).ids, static_cast<int64_t>(s.group),
                    static_cast<int64_t>(rows.size())});
  const auto micros = pack(rows, {config.learner.max_tokens, learner.num_shards(), learner.model().options().device});
  std::vector<LossMetrics> metrics(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    const auto& micro = micros[static_cast<size_t>(index)];
    auto in = loss_input(rollout, computed, micro);
    if (reference) {
      const c10::NoGradGuard no_grad;
      in.ref_logprobs = gather_logprobs(*reference, micro, config.sampling.temperature, nullptr);
    }
    in.logprobs = gather_logprobs(replica, micro, config.sampling.temperature, &in.entropy);
    if (!rollout.is_exact) {  // one update per rollout: the old policy is this one
      in.sampling_logprobs = in.old_logprobs;
      in.old_logprobs = in.logprobs.detach();
    }
    auto out = grpo_loss(in, totals, config.loss);
    metrics[static_cast<size_t>(index)] = out.metrics;
    return out.loss;
  });
  LossMetrics sum;
  for (const auto& m : metrics) sum += m;
  return sum;
}

}  // namespace lockstep::rl
