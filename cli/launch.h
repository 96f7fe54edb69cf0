// SPDX-License-Identifier: Apache-2.0
// `lockstep train --launch N`: the ranks of a run as processes of this machine.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace lockstep::cli {

// Starts `lockstep WORDS...` `count` times with torchrun's variables and a free port of the loopback interface, passes stop signals on
// and waits for all. When one fails, the others, which notice by themselves, get some time and are then ended. Exit code: that of the
// first to fail, else 75 when they were stopped, else 0.
ExitCode launch_ranks(int count, const std::vector<std::string>& words);

// In a rank that launch_ranks started: save and stop when the launcher is gone.
void end_with_launcher();

}  // namespace lockstep::cli
