// SPDX-License-Identifier: Apache-2.0
// The ranks' parts of a rollout, put together: each draws and scores some of the groups.
#pragma once

#include "rl/draws.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// Fills in the groups and scores that other ranks drew, adds up what the engines counted; `seconds` is the slowest's.
void exchange(const Draws& draws, Rollout& rollout);

}  // namespace lockstep::rl
