// SPDX-License-Identifier: Apache-2.0
// `lockstep train`: the stages of a run in order, its summary and its final model.
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "rl/session.h"

namespace lockstep::rl {
namespace {

constexpr int kDone = 0, kRequeue = 75;

// null: the evaluation has no such reward.
std::string shown(const base::Json& value, int digits) { return value.is_null() ? "none" : base::fixed(value, digits); }

void write_summary(const Session& session) {
  if (!session.world.is_first()) return;
  const auto before = session.folder.read_result("eval_before.json"), after = session.folder.read_result("eval_after.json");
  if (!before || !after) return;
  base::Json summary;
  for (const char* key : {"pass_at_1", "format", "mean_length", "reflection"}) {
    summary[cat(key, "_before")] = before->at(key);
    summary[cat(key, "_after")] = after->at(key);
  }
  const auto seconds = session.folder.read_result("seconds.json").value_or(base::Json::object());
  double total = 0;
  for (const auto& stage : seconds) total += stage.get<double>();
  summary["seconds"] = total;
  summary["seed"] = session.config.seed;
  session.folder.write_result("summary.json", summary);
  base::log_info(cat("pass@1 ", shown(before->at("pass_at_1"), 3), " -> ", shown(after->at("pass_at_1"), 3),
                     after->at("format").is_null() ? "" : cat(", format ", shown(before->at("format"), 2), " -> ", shown(after->at("format"), 2)),
                     ", length ", base::fixed(before->at("mean_length"), 1), " -> ", base::fixed(after->at("mean_length"), 1),
                     ", reflection ", base::fixed(before->at("reflection"), 2), " -> ", base::fixed(after->at("reflection"), 2),
                     ", ", base::format_seconds(total)));
}

// A model folder of the current weights, written also where there is one: it may be an earlier one of a run whose cap on steps was raised,
// and which was killed between its last checkpoint and this.
void save_model(const Session& session, const std::string& name) {
  if (!session.world.is_first()) return;
  const std::string folder = session.folder.file(name);
  const auto& m = session.policy.transformer;
  model::save_model_folder(folder, m.config(), model::export_parameters(m.parameters()), session.policy.tokenizer.get());
  base::log_info(cat(name, ": ", folder));
}

// The stages in order; false when a signal ended one.
bool run_stages(Session& session, const RunConfig& config) {
  const auto finished = [](StageEnd end) { return end == StageEnd::done; };
  if (config.pretrain) {
    if (!finished(run_supervised(session, "pretrain", *config.pretrain))) return false;
    save_model(session, "base");
  }
  if (config.sft && !finished(run_supervised(session, "sft", *config.sft))) return false;
  if (config.dpo && !finished(run_dpo(session, *config.dpo))) return false;
  if (config.grpo && !finished(run_grpo(session, *config.grpo))) return false;
  if (config.reward_model && !finished(run_reward_model(session, *config.reward_model))) return false;
  save_model(session, "model");
  return true;
}

int run_in(Session& session) {
  base::set_log_file(session.folder.file(session.world.is_first() ? std::string("log") : cat("log.rank", session.world.rank())));
  base::log_info(cat("run folder: ", session.folder.path(), "  (", model::count_parameters(session.policy.transformer.parameters()),
                     " parameters, ", session.world.is_alone() ? std::string() : cat(session.world.size(), " ranks of "),
                     session.pool.num_threads(), " threads)"));
  try {
    if (!run_stages(session, session.config)) return kRequeue;
    write_summary(session);
  } catch (const rollout::remote::Stopped&) {  // within an evaluation: what was saved last stands
    if (!session.world.is_alone()) throw Error("stopped by a signal while no rollout worker was there to draw", "workers", "the same command resumes");
    base::log_warn("stopped by a signal while no rollout worker was there to draw; the same command resumes");
    return kRequeue;
  }
  base::log_info(cat("done: ", session.folder.path()));
  return kDone;
}

}  // namespace

void check_ranks(const RunConfig& config, int size) {
  if (size == 1) return;
  if (config.device != "cpu")
    throw Error(cat(size, " ranks with device \"", config.device, "\": ranks work on the CPU so far"), "/device", "use one rank, or \"cpu\"");
  const auto check = [&](const char* stage, const LearnerConfig& learner) {
    if (learner.num_shards < size)
      throw Error(cat("num_shards ", learner.num_shards, " is less than the ", size, " ranks: some would have nothing to do"),
                  cat("/", stage, "/learner/num_shards"), "set it to a multiple of the ranks; it, not the ranks, fixes the bits");
  };
  if (config.pretrain) check("pretrain", config.pretrain->learner);
  if (config.sft) check("sft", config.sft->learner);
  if (config.dpo) check("dpo", config.dpo->learner);
  if (config.grpo) check("grpo", config.grpo->learner);
  if (config.reward_model) check("reward_model", config.reward_model->learner);
}

int run(const RunConfig& config, const ranks::Place& place) {
  base::install_stop_signals();
  check_ranks(config, place.size);
  if (place.rank > 0) base::set_log_level(base::LogLevel::warn);
  ranks::World world(place, config.ranks);
  try {
    std::optional<base::FileHandle> lock;
    if (world.is_first()) lock = base::lock_folder(config.output_dir);
    Session session(config, world, place.local_size);
    const int code = run_in(session);
    world.leave();
    return code;
  } catch (const Error& error) {
    world.fail(cat(error.what_happened(), " (", error.where(), ")"));
    throw;
  } catch (const std::exception& error) {
    world.fail(error.what());
    throw;
  }
}

int64_t capped_steps(const RunConfig& config, int64_t own) {
  return config.max_steps > 0 ? std::min(config.max_steps, own) : own;
}

}  // namespace lockstep::rl
