// SPDX-License-Identifier: Apache-2.0
// Training of a reward model: names are TRL's (RewardConfig).
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "rl/stage_config.h"

namespace lockstep::rl {

struct RewardModelConfig {
  int64_t max_steps = 100;
  int num_pairs = 16;
  std::vector<std::string> files;
  std::vector<std::string> eval_files;
  int64_t eval_steps = 50;
  int64_t max_length = 1024;
  double center_rewards_coefficient = 0;
  LearnerConfig learner;
  SaveConfig save;
  void visit(auto&& field) {
    field("max_steps", max_steps, "updates", base::at_least(1));
    field("num_pairs", num_pairs, "pairs per update", base::at_least(1));
    field("files", files, "JSONL or Parquet files with rows {prompt, chosen, rejected, margin?}, each text or messages");
    field("eval_files", eval_files, "held-out pairs, in the same form");
    field("eval_steps", eval_steps, "steps between evaluations on them; 0: only before and after", base::at_least(0));
    field("max_length", max_length, "tokens of prompt and completion at most; a pair with more is left out", base::at_least(2));
    field("center_rewards_coefficient", center_rewards_coefficient,
          "weight of (r_chosen + r_rejected)^2, which keeps the mean reward near 0 (arXiv:2312.09244 eq. 2; recommended there: 0.01)",
          base::at_least(0));
    field("learner", learner, "micro-batches, optimizer, schedule; all weights learn");
    field("save", save, "checkpoints");
  }
};

}  // namespace lockstep::rl
