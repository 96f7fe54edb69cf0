// SPDX-License-Identifier: Apache-2.0
// Training of a reward model: pairs to scores to the pairwise loss; held-out pairs.
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "base/text.h"
#include "rl/preference_rows.h"
#include "rl/reward_loss.h"
#include "rl/reward_scores.h"
#include "rl/session.h"
#include "rl/stage.h"

namespace lockstep::rl {
namespace {

using Pairs = std::vector<const PreferencePair*>;

std::vector<MicroBatch> pack_pairs(const Pairs& pairs, const model::Transformer& m, int num_shards, int64_t max_tokens) {
  std::vector<PackRow> rows;
  for (size_t i = 0; i < pairs.size(); ++i)
    for (const auto* side : {&pairs[i]->chosen, &pairs[i]->rejected})
      rows.push_back({&pairs[i]->prompt, side, static_cast<int64_t>(i), static_cast<int64_t>(rows.size())});
  PackingOptions options{max_tokens, num_shards, m.options().device};
  options.keeps_prompts_together = true;  // the loss is one of both sides
  return pack_for_scores(rows, m.config().pad_token_id, options);
}

RewardLoss micro_loss(const model::Transformer& m, const MicroBatch& micro, const Pairs& pairs, double center_rewards_coefficient) {
  std::vector<double> margins;
  for (size_t s = 0; s < micro.samples.size(); s += 2) margins.push_back(pairs[static_cast<size_t>(micro.samples[s] / 2)]->margin);
  return reward_loss(micro_scores(m, micro), margins, center_rewards_coefficient, static_cast<double>(pairs.size()));
}

RewardMetrics sum_of(const std::vector<RewardMetrics>& parts) {
  RewardMetrics sum;
  for (const auto& part : parts) sum += part;
  return sum;
}

RewardMetrics accumulate_pairs(Learner& learner, const Pairs& pairs, const RewardModelConfig& config) {
  const auto micros = pack_pairs(pairs, learner.model(), learner.num_shards(), config.learner.max_tokens);
  std::vector<RewardMetrics> parts(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    const auto i = static_cast<size_t>(index);
    const auto out = micro_loss(replica, micros[i], pairs, config.center_rewards_coefficient);
    parts[i] = out.metrics;
    return out.loss;
  });
  learner.share(parts);
  return sum_of(parts);
}

void set_metrics(MetricsRow& row, const std::string& prefix, const RewardMetrics& m) {
  row.set(prefix + "loss", m.loss);
  row.set(prefix + "accuracy", m.num_right / m.num_pairs);
  row.set(prefix + "margin", m.margin / m.num_pairs);
  row.set(prefix + "min_reward", m.min_reward);
  row.set(prefix + "mean_reward", m.reward / (2 * m.num_pairs));
  row.set(prefix + "max_reward", m.max_reward);
}

// The held-out pairs. Every rank scores all of them: the numbers are needed everywhere and cost no gradient.
class HeldOut {
 public:
  HeldOut(Session& session, const RewardModelConfig& config) : session_(session), config_(config) {
    if (config.eval_files.empty()) return;
    rows_.emplace(PreferenceSource{config.eval_files, config.max_length}, *session.policy.tokenizer, session.config.prompt.to_format(),
                  session.config.seed, PairsFor::reward_model);
    for (const auto& pair : rows_->pairs()) pairs_.push_back(&pair);
  }

  // Adds TRL's metrics of the current weights under "eval_".
  void measure(MetricsRow& row) const {
    if (!rows_) return;
    const auto m = evaluate();
    set_metrics(row, "eval_", m);
  }

  // Before and after training, as a result of the run: with what InstructGPT subtracts from a reward and others divide it by.
  void record(const std::string& moment) const {
    const std::string name = cat("reward_model_", moment, ".json");
    if (!rows_ || (moment == "before" && session_.folder.read_result(name))) return;
    const auto m = evaluate();
    MetricsRow row;
    set_metrics(row, "", m);
    base::Json result = row.values();
    const double mean = m.reward / (2 * m.num_pairs);
    result["std_reward"] = std::sqrt(std::max(0.0, m.squared_reward / (2 * m.num_pairs) - mean * mean));
    result["num_pairs"] = pairs_.size();
    session_.folder.write_result(name, result);
    if (session_.world.is_first())
      base::log_info(cat("held-out pairs ", moment, ": accuracy ", base::fixed(row.get("accuracy"), 3), ", loss ", base::fixed(m.loss, 3),
                         ", margin ", base::fixed(row.get("margin"), 3), " (", pairs_.size(), " pairs)"));
  }

 private:
  RewardMetrics evaluate() const {
    const auto& m = session_.policy.transformer;
    const auto micros = pack_pairs(pairs_, m, 1, config_.learner.max_tokens);
    std::vector<RewardMetrics> parts(micros.size());
    session_.pool.parallel_for(static_cast<int>(micros.size()), [&](int index) {
      at::set_num_threads(1);
      const c10::NoGradGuard no_grad;
      const auto i = static_cast<size_t>(index);
      parts[i] = micro_loss(m, micros[i], pairs_, config_.center_rewards_coefficient).metrics;
    });
    return sum_of(parts);
  }

  Session& session_;
  const RewardModelConfig& config_;
  std::optional<PreferenceRows> rows_;
  Pairs pairs_;
};

PreferenceRows open_pairs(const Session& session, const RewardModelConfig& config) {
  PreferenceRows rows({config.files, config.max_length}, *session.policy.tokenizer, session.config.prompt.to_format(), session.config.seed,
                      PairsFor::reward_model);
  if (rows.num_too_long() > 0 && session.world.is_first())
    base::log_warn(cat(rows.num_too_long(), " pairs of more than ", config.max_length, " tokens are left out, ", rows.pairs_per_epoch(), " are used"));
  return rows;
}

}  // namespace

StageEnd run_reward_model(Session& session, const RewardModelConfig& config) {
  Stage stage(session, "reward_model", capped_steps(session.config, config.max_steps), config.learner, config.save);
  if (stage.is_done()) return StageEnd::done;
  auto rows = open_pairs(session, config);
  const HeldOut held_out(session, config);
  if (stage.step() == 0) held_out.record("before");
  while (stage.step() < stage.num_steps()) {
    uint64_t cursor = static_cast<uint64_t>(stage.step()) * static_cast<uint64_t>(config.num_pairs);
    Pairs pairs;
    for (int i = 0; i < config.num_pairs; ++i) pairs.push_back(&rows.pair(cursor++));
    const auto metrics = accumulate_pairs(stage.learner(), pairs, config);
    const double rate = learning_rate(config.learner.schedule, stage.step(), config.max_steps);
    const auto report = stage.update(rate);
    MetricsRow row;
    set_metrics(row, "", metrics);
    row.set("grad_norm", report.grad_norm);
    row.set("learning_rate", rate);
    row.set("epoch", static_cast<double>(cursor) / static_cast<double>(rows.pairs_per_epoch()));
    if (config.eval_steps > 0 && (stage.step() + 1) % config.eval_steps == 0) held_out.measure(row);
    const auto note = cat("loss ", base::fixed(metrics.loss, 3), "  accuracy ", base::fixed(row.get("accuracy"), 2));
    if (!stage.finish_step(row, note)) return StageEnd::stopped;
  }
  held_out.record("after");
  stage.finish();
  return StageEnd::done;
}

}  // namespace lockstep::rl
