// SPDX-License-Identifier: Apache-2.0
// What a GRPO run tells: metrics in TRL's names, completions, evaluations, a table of samples in the terminal.
#pragma once

#include <string>
#include <vector>

#include "rl/entropy.h"
#include "rl/grpo_update.h"
#include "rl/metrics.h"
#include "rl/optimizer.h"
#include "rl/session.h"
#include "rl/stage.h"

namespace lockstep::rl {

class GrpoLog {
 public:
  GrpoLog(Session& session, const GrpoConfig& config, Stage& stage);

  void before();                         // evaluation of the starting weights, once per run
  void rollout(const Rollout& rollout);  // takes what later rows need; the rollout outlives the step
  void update(const LossMetrics& metrics, const StepReport& report);
  MetricsRow row(const RolloutAdvantages& advantages, const EntropyCoefficient& entropy);  // also writes completions/step_N.jsonl
  std::string note() const;              // for the progress line
  void after();                          // final evaluation; writes summary.json

 private:
  void add_lengths(MetricsRow& row) const;
  void add_rewards(MetricsRow& row, const RolloutAdvantages& advantages) const;
  void add_losses(MetricsRow& row) const;
  void add_draws(MetricsRow& row, const RolloutAdvantages& advantages) const;
  void add_rollout_kl(MetricsRow& row) const;
  void add_evaluation(MetricsRow& row);
  void write_completions(const RolloutAdvantages& advantages) const;
  void print_samples(const RolloutAdvantages& advantages) const;
  void write_summary(const EvalResult& result);

  Session& session_;
  const GrpoConfig& config_;
  Stage& stage_;
  const Rollout* rollout_ = nullptr;
  double rollout_seconds_ = 0;
  std::vector<LossMetrics> losses_;
  std::vector<StepReport> reports_;
  std::string note_;
};

}  // namespace lockstep::rl
