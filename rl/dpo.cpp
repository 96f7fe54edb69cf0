// SPDX-License-Identifier: Apache-2.0
// Preference optimisation: the learner on pairs, the starting policy as the reference.
#include <c10/core/GradMode.h>

#include "base/text.h"
#include "rl/dpo_loss.h"
#include "rl/micro_logprobs.h"
#include "rl/preference_rows.h"
#include "rl/reference_model.h"
#include "rl/session.h"
#include "rl/stage.h"

namespace lockstep::rl {
namespace {

std::vector<MicroBatch> pack_pairs(const std::vector<const PreferencePair*>& pairs, const Learner& learner, int64_t max_tokens) {
  std::vector<PackRow> rows;
  for (size_t i = 0; i < pairs.size(); ++i)
    for (const auto* side : {&pairs[i]->chosen, &pairs[i]->rejected})
      rows.push_back({&pairs[i]->prompt, side, static_cast<int64_t>(i), static_cast<int64_t>(rows.size())});
  PackingOptions options{max_tokens, learner.num_shards(), learner.model().options().device};
  options.keeps_prompts_together = true;  // the loss is one of both sides
  return pack(rows, options);
}

DpoMetrics accumulate_dpo(Learner& learner, const std::vector<MicroBatch>& micros, const model::Transformer& reference,
                          const DpoLossConfig& config, double num_pairs) {
  std::vector<DpoMetrics> metrics(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    const auto& micro = micros[static_cast<size_t>(index)];
    Tensor ref_logprobs;
    {
      const c10::NoGradGuard no_grad;
      ref_logprobs = micro_logprobs(reference, micro, 1.0, nullptr);
    }
    auto out = dpo_loss(micro_logprobs(replica, micro, 1.0, nullptr), ref_logprobs, micro.sample_offsets, config, num_pairs);
    metrics[static_cast<size_t>(index)] = out.metrics;
    return out.loss;
  });
  learner.share(metrics);
  DpoMetrics sum;
  for (const auto& m : metrics) sum += m;
  return sum;
}

MetricsRow metrics_row(const DpoMetrics& m, const StepReport& report, double rate, uint64_t cursor, uint64_t pairs_per_epoch) {
  MetricsRow row;
  row.set("loss", m.loss);
  row.set("rewards/chosen", m.chosen_reward / m.num_pairs);
  row.set("rewards/rejected", m.rejected_reward / m.num_pairs);
  row.set("rewards/margins", (m.chosen_reward - m.rejected_reward) / m.num_pairs);
  row.set("rewards/accuracies", m.num_right / m.num_pairs);
  row.set("logps/chosen", m.chosen_logp / m.num_pairs);
  row.set("logps/rejected", m.rejected_logp / m.num_pairs);
  row.set("grad_norm", report.grad_norm);
  row.set("learning_rate", rate);
  row.set("epoch", static_cast<double>(cursor) / static_cast<double>(pairs_per_epoch));
  return row;
}

}  // namespace

StageEnd run_dpo(Session& session, const DpoConfig& config) {
  Stage stage(session, "dpo", capped_steps(session.config, config.max_steps), config.learner, config.save);
  const ReferenceModel reference(session.policy.transformer, stage);
  if (stage.is_done()) return StageEnd::done;
  PreferenceRows rows(config.data, *session.policy.tokenizer, session.config.prompt.to_format(), session.config.seed);
  while (stage.step() < stage.num_steps()) {
    uint64_t cursor = static_cast<uint64_t>(stage.step()) * static_cast<uint64_t>(config.num_pairs);
    std::vector<const PreferencePair*> pairs;
    for (int i = 0; i < config.num_pairs; ++i) pairs.push_back(&rows.pair(cursor++));
    const auto micros = pack_pairs(pairs, stage.learner(), config.learner.max_tokens);
    const auto metrics = accumulate_dpo(stage.learner(), micros, *reference.get(), config.loss, config.num_pairs);
    const double rate = learning_rate(config.learner.schedule, stage.step(), config.max_steps);
    const auto row = metrics_row(metrics, stage.update(rate), rate, cursor, rows.pairs_per_epoch());
    const auto note = cat("loss ", base::fixed(metrics.loss, 3), "  right ", base::fixed(row.get("rewards/accuracies"), 2));
    if (!stage.finish_step(row, note)) return StageEnd::stopped;
  }
  stage.finish();
  return StageEnd::done;
}

}  // namespace lockstep::rl
