// SPDX-License-Identifier: Apache-2.0
// Numbers that are no longer finite, and what to do then.
#include "rl/finite.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {

void check_finite(double value, std::string_view name, const std::string& where) {
  if (std::isfinite(value)) return;
  throw Error(cat(name, " is ", value), where,
              "lower the learning rate or max_grad_norm, or resume from an earlier checkpoint; if it happens at the "
              "first step, run lockstep check on the model folder");
}

}  // namespace lockstep::rl
