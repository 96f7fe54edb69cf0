// SPDX-License-Identifier: Apache-2.0
// `lockstep reward new`: a folder with a reward that works and a test that passes, to begin from.
#pragma once

#include <string>
#include <vector>

namespace lockstep::rewards::tools {

// Writes the folder `name` below `parent`. lang "python": NAME.py, NAME_test.py; "cpp": NAME.cpp, NAME_test.cpp, build.sh and
// lockstep_reward.h, so that it builds without Lockstep's sources; both: reward.json for a config and samples.jsonl for
// `lockstep reward test`. Returns the files. Error when the name is no identifier in lower case (it becomes a file and a
// function), or when the folder is there already.
std::vector<std::string> write_skeleton(const std::string& parent, const std::string& name, const std::string& lang);

}  // namespace lockstep::rewards::tools
