// SPDX-License-Identifier: Apache-2.0
// Kinds of stages that turn rows into rows: `lockstep data`, as steps of a pipeline. Without LibTorch.
#pragma once

#include "rl/pipeline/kind.h"

namespace lockstep::rl::pipeline {

// task, filter, mix, pairs, dedup, decontaminate: each leaves rows.jsonl; beside it a report.json where there is one.
Kinds data_kinds();

}  // namespace lockstep::rl::pipeline
