// SPDX-License-Identifier: Apache-2.0
// Stop requests from outside: Ctrl-C, a scheduler's SIGTERM, and SIGUSR1, which Slurm can send before the time limit.
#pragma once

#include <atomic>

namespace lockstep::base {

// From now on SIGINT, SIGTERM and SIGUSR1 only set a flag. A second SIGINT ends the process at once, as a user expects
// who does not want to wait. Interrupted system calls restart: long waits look at stop_requested() themselves.
void install_stop_signals();

bool stop_requested();
const std::atomic<bool>& stop_flag();  // the same, for those that take a flag
int stop_signal();   // the first signal that came (SIGTERM, ...); 0 when none did
void forget_stop();  // clears the flag, for a process that goes on after a stop

}  // namespace lockstep::base
