// SPDX-License-Identifier: Apache-2.0
// The ranks' parts of a rollout, put together: each draws and scores some of the groups.
#pragma once

#include "rl/ranks/world.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// Group i is drawn by rank i % size; by rank 0 where `is_first_only`, as its engine has workers of its own.
struct Draws {
  const ranks::World* world = nullptr;  // null: this process draws all
  bool is_first_only = false;
  bool is_mine(size_t group) const;
  int owner(size_t group) const;
};

// Fills in the groups and scores that other ranks drew, adds up what the engines counted; `seconds` is the slowest's.
void exchange(const Draws& draws, Rollout& rollout);

}  // namespace lockstep::rl
