// SPDX-License-Identifier: Apache-2.0
// The bookkeeping of one stage: steps, optimizer, checkpoints, metrics, stop signals.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/jsonl.h"
#include "base/log.h"
#include "rl/checkpoint.h"
#include "rl/learner.h"
#include "rl/lora.h"
#include "rl/metrics.h"
#include "rl/optimizer.h"
#include "rl/session.h"
#include "rl/tensorboard.h"

namespace lockstep::rl {

class Stage {
 public:
  // Opens the stage: loads the newest checkpoint that verifies, if there is one, and drops metrics behind it.
  Stage(Session& session, std::string name, int64_t num_steps, const LearnerConfig& learner, const SaveConfig& save);

  bool is_done() const { return is_done_; }
  int64_t step() const { return step_; }  // steps done
  int64_t num_steps() const { return num_steps_; }
  base::Json& state() { return state_; }  // what the stage keeps in its checkpoints besides tensors
  Learner& learner() { return learner_; }

  // Clips, updates the weights and publishes them to the engine.
  StepReport update(double learning_rate);
  // Ends a step: writes its metrics, saves if due. False: a signal asked to stop, and the state is saved.
  bool finish_step(const MetricsRow& row, const std::string& note);
  // Between two steps: saves the state, because a signal asks to stop.
  void stop();
  // Saves the stage as finished.
  void finish();
  // A second set of weights that belongs to the checkpoints (the reference model); loaded at once if the stage was resumed.
  void attach(const std::string& name, model::Transformer* transformer);

 private:
  void open_records();
  void save(bool is_done);
  void write_checkpoint(bool is_done, const std::vector<model::NamedTensor>& optimizer_state);
  void restore(const Checkpoint& checkpoint);
  double seconds() const;
  std::string checkpoint_root() const { return session_.folder.checkpoints(name_); }

  Session& session_;
  std::string name_;
  int64_t num_steps_, step_ = 0;
  SaveConfig save_;
  std::unique_ptr<Lora> lora_;  // null: all weights learn
  Learner learner_;
  AdamW optimizer_;
  // Rank 0's alone.
  std::optional<base::JsonlWriter> metrics_;
  std::optional<EventFile> events_;
  std::optional<base::Progress> progress_;
  base::Json state_ = base::Json::object();
  std::string restored_from_;
  std::string attached_name_;
  model::Transformer* attached_ = nullptr;
  bool is_done_ = false;
  double earlier_seconds_ = 0;
  std::chrono::steady_clock::time_point started_, step_started_;
};

// min(own, top-level cap), 0 meaning no cap.
int64_t capped_steps(const RunConfig& config, int64_t own);

}  // namespace lockstep::rl
