// SPDX-License-Identifier: Apache-2.0
// The learning rate as a pure function of the step; names follow Hugging Face's TrainingArguments.
#pragma once

#include <cstdint>
#include <string>

#include "base/config.h"

namespace lockstep::rl {

struct ScheduleConfig {
  double learning_rate = 1e-6;
  std::string lr_scheduler_type = "constant";
  int64_t warmup_steps = 0;
  double decay_start = 0.5;
  double final_lr_ratio = 0.0;

  void visit(auto&& field) {
    field("learning_rate", learning_rate, "peak learning rate", at_least(0));
    field("lr_scheduler_type", lr_scheduler_type,
          "shape after warm-up; constant ignores warmup_steps, wsd stays constant to decay_start and then "
          "falls linearly",
          one_of({"constant", "constant_with_warmup", "linear", "cosine", "wsd"}));
    field("warmup_steps", warmup_steps, "steps of linear warm-up; step s has (s + 1) / warmup_steps of the peak",
          at_least(0));
    field("decay_start", decay_start, "wsd only: share of all steps after which the rate falls", between(0, 1));
    field("final_lr_ratio", final_lr_ratio, "share of the peak that linear, cosine and wsd reach at the end",
          between(0, 1));
  }
};

// Rate of update number `step` (from 0) of a run of `num_steps` updates; later steps keep the final rate.
//   warm-up   peak * (step + 1) / warmup_steps. (transformers uses step / warmup_steps, which wastes update
//   0.) linear    from the peak after warm-up to final_lr_ratio * peak at num_steps cosine    half a cosine
//   between the same two values wsd       the peak up to decay_start * num_steps, then linear (warm-up,
//   stable, decay)
// Bits do not depend on the machine. Error: an unknown lr_scheduler_type.
double learning_rate(const ScheduleConfig& config, int64_t step, int64_t num_steps);

}  // namespace lockstep::rl
