// SPDX-License-Identifier: Apache-2.0
// Files of this folder that the library carries inside it (rewards/CMakeLists.txt), so that a binary needs nothing beside it.
#pragma once

#include <string_view>

namespace lockstep::rewards::plugins {

extern const std::string_view kPythonHost;    // python_host.py
extern const std::string_view kAbiHeader;     // lockstep_reward_abi.h
extern const std::string_view kRewardHeader;  // lockstep_reward.h

}  // namespace lockstep::rewards::plugins
