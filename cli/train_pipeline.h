// SPDX-License-Identifier: Apache-2.0
// `lockstep train` on a config with "stages": the graph of a whole recipe.
#pragma once

#include "cli/verb.h"
#include "rl/pipeline/kind.h"

namespace lockstep::cli {

// All kinds of stages; trainings run as `num_ranks` processes of this machine when that is above 0, in this one otherwise.
rl::pipeline::Kinds pipeline_kinds(int num_ranks);

// The same arguments as `lockstep train` on one run.
ExitCode train_pipeline(const Arguments& arguments, int num_ranks);

}  // namespace lockstep::cli
