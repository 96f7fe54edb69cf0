// SPDX-License-Identifier: Apache-2.0
// Rewards from shared libraries.
#pragma once

#include <memory>
#include <string>

#include "rewards/plugins/plugin_config.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

// Loads it, in a process of its own or here. Error (at `where`) when there is no such file, when it is no reward of this
// ABI's version, when it refuses its options, and when `host` is empty in a program other than `lockstep`.
std::unique_ptr<Reward> make_library_reward(const std::string& name, const LibraryConfig& config, const std::string& where);

}  // namespace lockstep::rewards::plugins
