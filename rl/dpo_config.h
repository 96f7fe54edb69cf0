// SPDX-License-Identifier: Apache-2.0
// Preference optimisation without a reward model: names and defaults are TRL's.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "rl/stage_config.h"

namespace lockstep::rl {

struct PreferenceSource {
  std::vector<std::string> files;
  int64_t max_length = 2048;
  void visit(auto&& field) {
    field("files", files, "JSONL or Parquet files with rows {prompt, chosen, rejected}, each text or messages");
    field("max_length", max_length, "tokens of prompt and completion at most; the rest is cut off", base::at_least(2));
  }
};

struct DpoLossConfig {
  double beta = 0.1;
  std::string loss_type = "sigmoid";
  double label_smoothing = 0.0;
  void visit(auto&& field) {
    field("beta", beta, "how strongly the policy is held to the reference", base::above(0));
    field("loss_type", loss_type, "sigmoid (DPO, arXiv:2305.18290), hinge (SLiC, arXiv:2305.10425) or ipo (arXiv:2310.12036)",
          base::one_of({"sigmoid", "hinge", "ipo"}));
    field("label_smoothing", label_smoothing, "sigmoid only: share of pairs that are taken to be the wrong way round (conservative DPO)",
          base::between(0, 0.5));
  }
};

struct DpoConfig {
  int64_t max_steps = 100;
  int num_pairs = 16;
  PreferenceSource data;
  DpoLossConfig loss;
  LearnerConfig learner;
  SaveConfig save;
  void visit(auto&& field) {
    field("max_steps", max_steps, "updates", base::at_least(1));
    field("num_pairs", num_pairs, "pairs per update", base::at_least(1));
    field("data", data, "what is preferred to what");
    field("loss", loss, "the preference loss");
    field("learner", learner, "micro-batches, optimizer, schedule");
    field("save", save, "checkpoints");
  }
};

}  // namespace lockstep::rl
