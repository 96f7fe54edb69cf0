// SPDX-License-Identifier: Apache-2.0
// The entropy of an update: which tokens are uncertain enough to learn from, and how much more of it is asked for.
#pragma once

#include <limits>
#include <vector>

#include "base/json.h"
#include "rl/loss_config.h"
#include "rl/loss_metrics.h"

namespace lockstep::rl {

// The entropy that the top share `top_entropy_quantile` of the tokens reaches ("Beyond the 80/20 Rule", arXiv:2506.01939):
// the quantile 1 - share with linear interpolation, as torch.quantile and so TRL. -infinity without tokens. A token at the
// threshold counts; with share 0 only the most uncertain do.
double entropy_threshold(std::vector<float> entropies, double top_entropy_quantile);

// The coefficient of the entropy bonus: the config's, or adaptive as Skywork-OR1 (arXiv:2505.22312) and TRL have it: up by
// entropy_coef_delta after an update whose mean entropy is at most entropy_target, else down, within its bounds; applied to
// the next update only if that entropy was at most the target, and never to the first.
class EntropyCoefficient {
 public:
  // `state` is where it is kept between steps, and what a resumed stage restores; {} at the start.
  EntropyCoefficient(const LossConfig& config, base::Json& state);

  double applied() const;  // to this update
  double value() const { return value_; }
  void observe(const LossMetrics& update);  // of one update, all micro-batches added

 private:
  const LossConfig& config_;
  base::Json& state_;
  double value_, last_entropy_ = std::numeric_limits<double>::infinity();
};

}  // namespace lockstep::rl
