// SPDX-License-Identifier: Apache-2.0
// Pre-training and supervised fine-tuning: the learner on text rows.
#include "base/text.h"
#include "rl/session.h"
#include "rl/stage.h"
#include "rl/supervised_update.h"

namespace lockstep::rl {
namespace {

MetricsRow metrics_row(const SupervisedMetrics& m, const StepReport& report, double rate, int64_t num_tokens) {
  MetricsRow row;
  row.set("loss", m.loss);
  if (m.mtp_loss != 0) row.set("mtp_loss", m.mtp_loss);
  if (m.aux_loss != 0) row.set("aux_loss", m.aux_loss);
  row.set("grad_norm", report.grad_norm);
  row.set("learning_rate", rate);
  row.set("num_tokens", static_cast<double>(num_tokens));
  if (!m.routing.counts.empty()) row.set("router/max_violation", max_violation(m.routing));
  return row;
}

// Goes on beyond the planned steps while the held-out pass@1 is below the target: a base that solves nothing gives
// reinforcement learning no variance to work with.
class Extension {
 public:
  Extension(Session& session, const SupervisedConfig& config) : session_(session), config_(config) {}

  // Steps to run in all, given that `steps` are done and were all that was planned so far.
  int64_t planned(int64_t steps, int64_t most) {
    if (!config_.target_pass_at_1 || !session_.can_evaluate()) return steps;
    const auto result = session_.evaluate(session_.config.eval.num_samples);
    base::log_info(cat("base after ", steps, " steps: pass@1 ", base::fixed(result.pass_at_1, 3), " (target ",
                       base::fixed(*config_.target_pass_at_1, 3), ")", result.format ? cat(", format ", base::fixed(*result.format, 2)) : ""));
    if (result.pass_at_1 >= *config_.target_pass_at_1) return steps;
    if (steps >= most) {
      base::log_warn(cat("pass@1 is below the target after ", steps, " steps: going on with this base"));
      return steps;
    }
    return std::min(most, steps + kExtraSteps);
  }

 private:
  static constexpr int64_t kExtraSteps = 200;
  Session& session_;
  const SupervisedConfig& config_;
};

}  // namespace

StageEnd run_supervised(Session& session, const std::string& name, const SupervisedConfig& config) {
  const int64_t planned = config.max_steps, capped = capped_steps(session.config, planned);  // a cap pauses: schedules are those of the plan
  Stage stage(session, name, capped, config.learner, config.save);
  if (stage.is_done()) return StageEnd::done;
  const auto rows = open_text_rows(config.data, *session.policy.tokenizer, session.config.prompt.to_format(), session.config.seed);
  Extension extension(session, config);
  const int64_t most = capped < planned ? capped : planned + config.extra_steps;
  auto& state = stage.state();
  uint64_t cursor = state.value("cursor", uint64_t{0});
  int64_t num_tokens = state.value("num_tokens", int64_t{0});

  for (int64_t end = stage.num_steps(); stage.step() < end;) {
    while (stage.step() < end) {
      const auto batch = next_rows(*rows, config.batch_tokens, cursor);
      const bool trains_mtp = static_cast<double>(stage.step()) >= config.mtp_start * static_cast<double>(planned);
      const auto metrics =
          accumulate_supervised(stage.learner(), batch, trains_mtp ? config.mtp_loss_coef : 0, config.learner.max_tokens, config.aux_loss_alpha);
      const double rate = learning_rate(config.learner.schedule, stage.step(), planned);
      const auto report = stage.update(rate);
      if (config.router_bias_update_rate > 0 &&
          static_cast<double>(stage.step()) < config.router_bias_until * static_cast<double>(planned))
        update_router_bias(session.policy.transformer, metrics.routing, config.router_bias_update_rate);
      num_tokens += metrics.num_tokens;
      state["cursor"] = cursor;
      state["num_tokens"] = num_tokens;
      const auto row = metrics_row(metrics, report, rate, num_tokens);
      if (!stage.finish_step(row, cat("loss ", base::fixed(metrics.loss, 3)))) return StageEnd::stopped;
    }
    end = extension.planned(stage.step(), most);
  }
  stage.finish();
  return StageEnd::done;
}

}  // namespace lockstep::rl
