// SPDX-License-Identifier: Apache-2.0
// Which groups of a rollout this process draws.
#pragma once

#include <cstddef>

#include "rl/ranks/world.h"

namespace lockstep::rl {

// Group i is drawn by rank i % size; by rank 0 where `is_first_only`, as its engine has workers of its own.
struct Draws {
  const ranks::World* world = nullptr;  // null: this process draws all
  bool is_first_only = false;
  bool is_mine(size_t group) const;
  int owner(size_t group) const;
};

}  // namespace lockstep::rl
