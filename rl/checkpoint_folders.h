// SPDX-License-Identifier: Apache-2.0
// Names of checkpoint folders: step_N and step_N.tmp-ID.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lockstep::rl {

std::string checkpoint_path(const std::string& dir, int64_t step);  // DIR/step_N

// A name beside it that no other writer has: DIR/step_N.tmp-HOST-PID-COUNTER.
std::string temporary_path(const std::string& dir, int64_t step);

std::map<int64_t, std::string> list_checkpoints(const std::string& dir);  // step -> path, unverified
std::vector<std::string> list_temporaries(const std::string& dir);        // sorted

}  // namespace lockstep::rl
