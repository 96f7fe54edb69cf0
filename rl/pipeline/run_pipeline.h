// SPDX-License-Identifier: Apache-2.0
// Running a pipeline: stage after stage, none twice, resumed where it was left.
#pragma once

#include <string>

#include "rl/pipeline/kind.h"
#include "rl/pipeline/pipeline_config.h"

namespace lockstep::rl::pipeline {

// Every stage's kind and config; Errors with the JSON path. Also: a reference to a file that its stage does not leave.
void check_pipeline(const Pipeline& pipeline, const Kinds& kinds);

// One line a stage: number, name, kind, what it needs, how far it is. For --dry-run.
std::string describe(const Pipeline& pipeline, const Kinds& kinds);

// Runs what is not done. Before each stage its inputs are compared with their checksums, and a stage that was begun with another
// config or on other inputs is an Error: nothing is run over silently. False: a signal asked to stop; the same call goes on.
// Error when another process works in this folder.
bool run_pipeline(const Pipeline& pipeline, const Kinds& kinds);

}  // namespace lockstep::rl::pipeline
