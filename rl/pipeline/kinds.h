// SPDX-License-Identifier: Apache-2.0
// The table of all kinds of stages, those with tensors and those without.
#pragma once

#include <functional>
#include <string>

#include "rl/pipeline/kind.h"
#include "rl/run_config.h"

namespace lockstep::rl::pipeline {

// How a run is carried out: in this process, or by several ranks. Returns the exit code: 0 done, 75 stopped.
using RunTraining = std::function<int(const RunConfig& config)>;

// The stages of rows, and train, sample, rewrite, evaluate.
Kinds all_kinds(const RunTraining& run_training);

}  // namespace lockstep::rl::pipeline
