// SPDX-License-Identifier: Apache-2.0
// What a run folder says about its run besides metrics and completions.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep::cli::report {

// {"name", "config", "config_hash", "model", "num_parameters", "evals": {"before", "after"}, "seconds", "started", "ended",
//  "is_finished"}; what is not there, or cannot be read, is null. Error when `folder` is no folder.
// "config_hash": SHA-256 of the compact config without output_dir, max_steps and workers, which change no bit of a run.
base::Json run_facts(const std::string& folder);

// Only what changes while a run goes on: "evals", "seconds", "ended", "is_finished".
base::Json changing_facts(const std::string& folder);

}  // namespace lockstep::cli::report
