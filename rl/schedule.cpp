// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules.
#include "rl/schedule.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rl/exact_math.h"

namespace lockstep::rl {
namespace {

// How far `step` is on its way from `first` to `last`, in [0, 1].
double progress(double step, double first, double last) {
  if (last <= first) return step < first ? 0.0 : 1.0;
  return std::clamp((step - first) / (last - first), 0.0, 1.0);
}

}  // namespace

double learning_rate(const ScheduleConfig& config, int64_t step, int64_t num_steps) {
  const double peak = config.learning_rate, low = config.final_lr_ratio * peak;
  const std::string& type = config.lr_scheduler_type;
  if (type == "constant") return peak;

  const auto at = static_cast<double>(step), end = static_cast<double>(num_steps);
  const auto warmup = static_cast<double>(config.warmup_steps);
  if (step < config.warmup_steps) return peak * (at + 1) / warmup;
  if (type == "constant_with_warmup") return peak;
  if (type == "linear") return peak + (low - peak) * progress(at, warmup, end);
  if (type == "cosine") return low + (peak - low) * 0.5 * (1 + cos_pi_exact(progress(at, warmup, end)));
  if (type == "wsd") {
    return peak + (low - peak) * progress(at, std::max(warmup, config.decay_start * end), end);
  }
  throw Error(cat("unknown lr_scheduler_type \"", type, "\""), "schedule.lr_scheduler_type",
              "use constant, constant_with_warmup, linear, cosine or wsd");
}

}  // namespace lockstep::rl
