// SPDX-License-Identifier: Apache-2.0
// GRPO's updates from a rollout.
#include "rl/grpo_update.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "rewards/aggregate.h"
#include "rl/entropy.h"
#include "rl/micro_logprobs.h"
#include "rl/mtp_loss.h"
#include "rl/routing_replay.h"

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

std::vector<MicroBatch> micro_batches(const Learner& learner,
                                      const Rollout& rollout,
                                      const std::vector<TrainSample>& samples,
                                      const GrpoConfig& config) {
  std::vector<PackRow> rows;
  for (const auto& s : samples) {
    const auto row = static_cast<int64_t>(rows.size());
    const bool shares_prompts = config.mtp_loss_coef == 0;  // rl/mtp_loss.h
    rows.push_back({&rollout.prompts[s.group].ids, &completion_of(rollout, s).ids, shares_prompts ? static_cast<int64_t>(s.group) : row, row});
  }
  auto micros = pack(rows, {config.learner.max_tokens, learner.num_shards(), learner.model().options().device});
  if (config.routing_replay)
    for (auto& micro : micros)
      replay_routing(micro, learner.model().config(),
                     [&](int64_t sample) -> const auto& { return completion_of(rollout, samples[static_cast<size_t>(sample)]); });
  return micros;
}

// The threshold of the update's entropies and the tokens that reach it, by a pass without gradient.
void add_entropy_threshold(LossTotals& totals, Learner& learner, const std::vector<MicroBatch>& micros, const GrpoConfig& config) {
  std::vector<std::vector<float>> parts(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    const c10::NoGradGuard no_grad;
    Tensor entropy;
    micro_logprobs(replica, micros[static_cast<size_t>(index)], config.sampling.temperature, &entropy);
    const auto values = entropy.to(at::kCPU, at::kFloat).contiguous();
    parts[static_cast<size_t>(index)].assign(values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel());
    return Tensor();
  });
  learner.share(parts);
  std::vector<float> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  totals.entropy_threshold = entropy_threshold(all, config.loss.top_entropy_quantile);
  totals.num_entropy_tokens = static_cast<double>(
      std::count_if(all.begin(), all.end(), [&](float entropy) { return static_cast<double>(entropy) >= totals.entropy_threshold; }));
}

Tensor old_logprobs(const CompletionLogprobs& old, const std::vector<TrainSample>& samples, const MicroBatch& micro) {
  auto out = at::empty({micro.num_targets()}, at::kFloat);
  auto* next = out.mutable_data_ptr<float>();
  for (int64_t index : micro.samples) {
    const TrainSample& s = samples[static_cast<size_t>(index)];
    next = std::copy(old[s.group][s.index].begin(), old[s.group][s.index].end(), next);
  }
  return out;
}

// Samples whose loss is not zero by construction.
std::vector<TrainSample> computed_samples(const std::vector<TrainSample>& minibatch,
                                          const GrpoConfig& config,
                                          const UpdateContext& context) {
  const bool uses_all = config.loss.has_kl_term() || divides_by_call(config) || context.entropy_coef != 0 ||
                        config.loss.use_adaptive_entropy || config.loss.top_entropy_quantile < 1;
  std::vector<TrainSample> out;
  for (const auto& s : minibatch)
    if (s.has_loss && (s.advantage != 0 || uses_all)) out.push_back(s);
  return out;
}

// Tokens of each completion, 0 where it could not be scored.
std::vector<double> token_counts(const Rollout& rollout, const std::vector<uint8_t>& valid) {
  std::vector<double> out;
  for (const auto& group : rollout.groups)
    for (const auto& completion : group.completions)
      out.push_back(valid[out.size()] ? static_cast<double>(completion.ids.size()) : 0.0);
  return out;
}

std::vector<double> rewards_after_kl(const Rollout& rollout, std::vector<double> rewards, double beta) {
  for (size_t i = 0; i < rollout.kl.sums.size(); ++i) rewards[i] -= beta * rollout.kl.sums[i];
  return rewards;
}

double count_mtp_targets(const Rollout& rollout, const std::vector<TrainSample>& samples) {
  int64_t count = 0;
  for (const auto& s : samples) count += num_mtp_targets(static_cast<int64_t>(completion_of(rollout, s).ids.size()));
  return static_cast<double>(count);
}

// What all micro-batches of an update have in common.
struct Update {
  const Rollout& rollout;
  const std::vector<TrainSample>& samples;
  const GrpoConfig& config;
  const UpdateContext& context;
  const LossTotals& totals;
};

Tensor micro_loss(const Update& u, const model::Transformer& replica, const MicroBatch& micro, LossMetrics& metrics) {
  auto in = loss_input(u.rollout, u.samples, micro);
  if (u.context.reference && u.config.loss.has_kl_term()) {
    const c10::NoGradGuard no_grad;
    auto own = micro;
    own.batch.experts.clear();  // the reference routes for itself
    in.ref_logprobs = micro_logprobs(*u.context.reference, own, u.config.sampling.temperature, nullptr);
  }
  Tensor hidden;
  in.logprobs = micro_logprobs(replica, micro, u.config.sampling.temperature, &in.entropy, &hidden);
  if (corrects_sampler(u.rollout, u.config.loss)) {
    in.sampling_logprobs = in.old_logprobs;
    in.old_logprobs = u.context.old ? old_logprobs(*u.context.old, u.samples, micro) : in.logprobs.detach();
  }
  auto out = grpo_loss(in, u.totals, u.config.loss);
  metrics = out.metrics;
  if (u.totals.num_mtp_tokens == 0) return out.loss;
  const auto ahead = mtp_loss(replica, micro, hidden, u.totals.num_mtp_tokens, u.config.mtp_detach);
  metrics.mtp_loss_sum = ahead.value * u.totals.num_mtp_tokens;
  metrics.num_mtp_tokens = ahead.num_tokens;
  return ahead.loss.defined() ? out.loss + ahead.loss * u.config.mtp_loss_coef : out.loss;
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
  const auto of = [&](const std::vector<double>& values) { return group_advantages(values, valid, config.num_generations, config.advantage); };
  out.stats = of(rewards);
  if (!rollout.kl.sums.empty()) out.stats.advantages = of(rewards_after_kl(rollout, rewards, config.loss.beta)).advantages;
  if (config.advantage.adv_estimator == "reinforce_plus_plus_baseline")
    normalize_over_tokens(out.stats.advantages, token_counts(rollout, valid));
  if (config.advantage.multi_objective_aggregation == "normalize_then_sum")
    out.stats.advantages = rewards::normalize_then_sum(rewards::reward_table(scores, weights.size()), weights, config.num_generations);
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

bool corrects_sampler(const Rollout& rollout, const LossConfig& config) {
  return config.importance_sampling_correction == "on" || (config.importance_sampling_correction == "auto" && !rollout.is_exact);
}

LossMetrics accumulate_grpo(Learner& learner,
                            const Rollout& rollout,
                            const std::vector<TrainSample>& minibatch,
                            const GrpoConfig& config,
                            const UpdateContext& context) {
  auto totals = totals_of(rollout, minibatch, config);
  const auto computed = computed_samples(minibatch, config, context);
  const auto micros = micro_batches(learner, rollout, computed, config);
  totals.entropy_coef = context.entropy_coef;
  if (config.loss.top_entropy_quantile < 1) add_entropy_threshold(totals, learner, micros, config);
  totals.num_mtp_tokens = config.mtp_loss_coef > 0 ? count_mtp_targets(rollout, computed) : 0;
  std::vector<LossMetrics> metrics(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    const auto& micro = micros[static_cast<size_t>(index)];
    return micro_loss({rollout, computed, config, context, totals}, replica, micro, metrics[static_cast<size_t>(index)]);
  });
  learner.share(metrics);
  LossMetrics sum;
  for (const auto& m : metrics) sum += m;
  return sum;
}

}  // namespace lockstep::rl
