// SPDX-License-Identifier: Apache-2.0
// Metrics of GRPO steps and the results of a run.
#include "rl/grpo_log.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "base/file.h"
#include "rl/completions_table.h"
#include "rl/score_json.h"

namespace lockstep::rl {
namespace {

// mean, min and max of `values` under name `mean_`, `min_`, `max_` + suffix, as TRL names lengths; 0 when there are none.
void add_spread(MetricsRow& row, const std::string& prefix, const std::string& suffix, const std::vector<double>& values) {
  double sum = 0, low = 0, high = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    low = i == 0 ? values[i] : std::min(low, values[i]);
    high = i == 0 ? values[i] : std::max(high, values[i]);
  }
  row.set(prefix + "mean_" + suffix, values.empty() ? 0 : sum / static_cast<double>(values.size()));
  row.set(prefix + "min_" + suffix, low);
  row.set(prefix + "max_" + suffix, high);
}

// Of each mixture layer: the busiest expert and its load over the mean (DeepSeek-V3's MaxVio is that less 1).
void add_expert_load(MetricsRow& row, const std::vector<std::vector<int64_t>>& layers) {
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto busiest = std::max_element(layers[l].begin(), layers[l].end());
    const auto sum = std::accumulate(layers[l].begin(), layers[l].end(), int64_t{0});
    if (sum == 0) continue;
    const std::string prefix = cat("perf/expert_load/layer_", l, "/");
    row.set(prefix + "max_over_mean", static_cast<double>(*busiest) * static_cast<double>(layers[l].size()) / static_cast<double>(sum));
    row.set(prefix + "busiest", static_cast<double>(busiest - layers[l].begin()));
    row.set(prefix + "idle", static_cast<double>(std::count(layers[l].begin(), layers[l].end(), 0)));
  }
}

// Over the life of this process: generated = given + dropped, for each reason.
void add_workers(MetricsRow& row, const rollout::remote::WorkerStats& stats) {
  const std::pair<const char*, int64_t> counts[] = {{"joined", stats.joined},
                                                    {"left", stats.left},
                                                    {"refused", stats.refused},
                                                    {"generated", stats.generated},
                                                    {"given", stats.given},
                                                    {"duplicates_dropped", stats.duplicates_dropped},
                                                    {"stale_dropped", stats.stale_dropped},
                                                    {"invalid_dropped", stats.invalid_dropped},
                                                    {"units_reassigned", stats.units_reassigned}};
  for (const auto& [name, count] : counts) row.set(cat("perf/workers/", name), static_cast<double>(count));
}

std::string describe(const EvalResult& r) {
  const auto& interval = r.measures.pass_at_1.interval;
  const std::string range = interval ? cat(" [", base::fixed(interval->low, 3), ", ", base::fixed(interval->high, 3), "]") : "";
  return cat(r.accuracy_reward ? cat("pass@1 ", base::fixed(r.pass_at_1, 3), range) : "no accuracy reward", r.format ? cat(", format ", base::fixed(*r.format, 2)) : "", ", length ",
             base::fixed(r.mean_length, 1), ", reflection ", base::fixed(r.reflection, 2),
             r.num_skipped_prompts > 0 ? cat(", ", r.num_skipped_prompts, " prompts skipped") : "");
}

}  // namespace

GrpoLog::GrpoLog(Session& session, const GrpoConfig& config, Stage& stage)
    : session_(session), config_(config), stage_(stage) {}

void GrpoLog::before() {
  if (!session_.can_evaluate() || session_.folder.read_result("eval_before.json")) return;
  const auto result = session_.evaluate(session_.config.eval.final_num_samples);
  session_.folder.write_result("eval_before.json", result.to_json());
  base::log_info(cat("before RL: ", describe(result)));
}

void GrpoLog::rollout(const Rollout& rollout) {
  rollout_ = &rollout;
  rollout_seconds_ = rollout.stats.seconds;
  losses_.clear();
  reports_.clear();
}

void GrpoLog::update(const LossMetrics& metrics, const StepReport& report) {
  losses_.push_back(metrics);
  reports_.push_back(report);
}

MetricsRow GrpoLog::row(const RolloutAdvantages& advantages, const EntropyCoefficient& entropy) {
  MetricsRow row;
  add_losses(row);
  if (config_.loss.has_entropy_bonus()) row.set("entropy_coef", entropy.value());
  add_draws(row, advantages);
  if (!rollout_->kl.sums.empty()) add_rollout_kl(row);
  add_rewards(row, advantages);
  add_lengths(row);
  const auto& stats = rollout_->stats;
  row.set("timing_s/rollout", rollout_seconds_);
  row.set("perf/rollout_tokens_per_s", static_cast<double>(stats.new_tokens) / std::max(1e-9, rollout_seconds_));
  row.set("perf/draft_acceptance_rate", stats.acceptance_rate());
  row.set("perf/tokens_per_step", stats.tokens_per_step());
  add_expert_load(row, stats.expert_load);
  if (session_.remote_engine) add_workers(row, session_.remote_engine->worker_stats());
  note_ = cat("reward ", base::fixed(advantages.stats.reward_mean, 3), "  length ",
              base::fixed(row.get("completions/mean_length"), 1), "  reflection ", base::fixed(row.get("completions/reflection"), 2));
  auto& tokens = stage_.state()["num_tokens"];
  tokens = (tokens.is_null() ? 0 : tokens.get<int64_t>()) + stats.prompt_tokens + stats.new_tokens;
  row.set("num_tokens", tokens.get<double>());
  if (session_.world.is_first()) {
    write_completions(advantages);
    if (stage_.step() % 10 == 0) print_samples(advantages);
  }
  add_evaluation(row);  // part of the step's row: a row is written once, whenever the run is interrupted
  return row;
}

void GrpoLog::add_losses(MetricsRow& row) const {
  LossMetrics sum;
  double grad_norm = 0, loss = 0;
  for (size_t i = 0; i < losses_.size(); ++i) {
    sum += losses_[i];
    grad_norm += reports_[i].grad_norm / static_cast<double>(losses_.size());
    loss += losses_[i].loss / static_cast<double>(losses_.size());
  }
  for (const auto& [name, value] : sum.rows()) row.set(name, value);
  row.set("loss", loss);
  row.set("grad_norm", grad_norm);
  row.set("learning_rate", learning_rate(config_.learner.schedule, stage_.step(), config_.max_steps));
  // The first update is on-policy: what differs there is the sampler's and the learner's arithmetic.
  const auto& first = losses_.empty() ? sum : losses_.front();
  row.set("sampling/sampling_logp_difference/mean",
          first.num_tokens > 0 ? first.logp_difference_sum / first.num_tokens : 0);
  row.set("sampling/sampling_logp_difference/max", first.logp_difference_max);
}

// Groups of this step; those without a spread of rewards teach nothing unless there is another term than the policy's.
void GrpoLog::add_draws(MetricsRow& row, const RolloutAdvantages& advantages) const {
  row.set("groups/zero_std", static_cast<double>(advantages.stats.num_zero_std));
  if (!config_.dynamic_sampling.enable) return;
  const auto& draws = rollout_->draws;
  row.set("groups/drawn", static_cast<double>(draws.num_drawn));
  row.set("groups/kept", static_cast<double>(draws.num_kept));
  row.set("groups/dropped", static_cast<double>(draws.num_drawn - draws.num_kept));
  row.set("groups/refills", static_cast<double>(draws.num_refills));
}

void GrpoLog::add_rollout_kl(MetricsRow& row) const {
  const auto& kl = rollout_->kl;
  const double sum = std::accumulate(kl.sums.begin(), kl.sums.end(), 0.0);
  row.set("kl", sum / std::max(1.0, kl.num_tokens));
  row.set("reward_kl_penalty", config_.loss.beta * sum / static_cast<double>(kl.sums.size()));
}

void GrpoLog::add_rewards(MetricsRow& row, const RolloutAdvantages& advantages) const {
  std::vector<rewards::CombinedScore> scores;
  for (const auto& group : rollout_->scores)
    for (const auto& sample : group.samples) scores.push_back(sample.reward);
  const auto stats = session_.rewards->combined.stats(scores);
  for (size_t i = 0; i < stats.size(); ++i) {
    const std::string prefix = cat("rewards/", session_.rewards->combined.name(i), "/");
    const double count = static_cast<double>(std::max<size_t>(1, scores.size()));
    row.set(prefix + "mean", stats[i].mean);
    row.set(prefix + "std", stats[i].std);
    row.set(prefix + "skip_ratio", static_cast<double>(stats[i].num_skip) / count);
    row.set(prefix + "error_ratio", static_cast<double>(stats[i].num_error) / count);
    row.set(prefix + "timeout_ratio", static_cast<double>(stats[i].num_timeout) / count);
    for (const auto& [name, value] : stats[i].metrics) row.set(prefix + name, value);
  }
  row.set("reward", advantages.stats.reward_mean);
  row.set("reward_std", advantages.stats.reward_std);
  row.set("frac_reward_zero_std", advantages.stats.frac_reward_zero_std);
}

void GrpoLog::add_lengths(MetricsRow& row) const {
  std::vector<double> lengths, terminated;
  double reflecting = 0;
  for (size_t g = 0; g < rollout_->groups.size(); ++g)
    for (size_t i = 0; i < rollout_->groups[g].completions.size(); ++i) {
      const double length = static_cast<double>(rollout_->groups[g].completions[i].ids.size());
      const auto& sample = rollout_->scores[g].samples[i];
      lengths.push_back(length);
      if (sample.is_terminated) terminated.push_back(length);
      reflecting += sample.has_reflection;
    }
  const double count = static_cast<double>(std::max<size_t>(1, lengths.size()));
  add_spread(row, "completions/", "length", lengths);
  add_spread(row, "completions/", "terminated_length", terminated);
  row.set("completions/clipped_ratio", 1.0 - static_cast<double>(terminated.size()) / count);
  row.set("completions/reflection", reflecting / count);
}

std::string GrpoLog::note() const { return note_; }

void GrpoLog::add_evaluation(MetricsRow& row) {
  const int64_t every = session_.config.eval.eval_steps, step = stage_.step() + 1;
  if (every == 0 || step % every != 0 || !session_.can_evaluate()) return;
  const auto r = session_.evaluate(session_.config.eval.num_samples);
  if (r.accuracy_reward) {
    row.set("eval_pass@1", r.pass_at_1);
    row.set("eval_pass@k", r.pass_at_k);
    row.set("eval_cons@k", r.cons_at_k);
  }
  if (r.format) row.set("eval_format", *r.format);
  row.set("eval_mean_length", r.mean_length);
  row.set("eval_reflection", r.reflection);
  row.set("eval_reward", r.reward);
  base::log_info(cat("step ", step, ": held-out ", describe(r)));
}

void GrpoLog::after() {
  if (!session_.can_evaluate()) return;
  const auto result = session_.evaluate(session_.config.eval.final_num_samples);
  session_.folder.write_result("eval_after.json", result.to_json());
  base::log_info(cat("after RL: ", describe(result)));
}

void GrpoLog::write_completions(const RolloutAdvantages& advantages) const {
  std::string rows;
  for (const auto& s : advantages.samples) {
    const auto& sample = rollout_->scores[s.group].samples[s.index];
    const auto& completion = rollout_->groups[s.group].completions[s.index];
    base::Json row = {{"step", stage_.step()}, {"prompt", rollout_->prompts[s.group].text}, {"completion", sample.text}};
    row.update(score_json(session_.rewards->combined, sample.reward));
    for (size_t i = 0; i < sample.reward.parts.size(); ++i)
      for (const auto& [name, text] : sample.reward.parts[i].extras) row[cat(session_.rewards->combined.name(i), "/", name)] = text;
    row["reward"] = sample.reward.value;
    row["advantage"] = s.advantage;
    row["num_tokens"] = completion.ids.size();
    row["finish_reason"] = rollout::finish_reason_name(completion.finish);
    row["weight_version"] = completion.weight_version;
    rows += row.dump(-1, ' ', false, base::Json::error_handler_t::replace) + "\n";
  }
  base::write_file_atomic(cat(session_.folder.completions(), "/step_", stage_.step(), ".jsonl"), rows);
}

void GrpoLog::print_samples(const RolloutAdvantages& advantages) const {
  std::vector<TableSample> rows;
  // The first sample of the first prompts: no choice that would flatter.
  for (const auto& s : advantages.samples) {
    if (s.index != 0 || rows.size() == 4) continue;
    const auto& sample = rollout_->scores[s.group].samples[s.index];
    rows.push_back({rollout_->prompts[s.group].text, sample.text, sample.reward.parts, sample.reward.value, s.advantage});
  }
  base::log_info(completions_table(cat("step ", stage_.step()), session_.rewards->combined, rows));
}

}  // namespace lockstep::rl
