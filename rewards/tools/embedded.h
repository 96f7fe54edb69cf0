// SPDX-License-Identifier: Apache-2.0
// The files of skeleton/, carried inside the library (rewards/CMakeLists.txt); NAME in them stands for the reward's name.
#pragma once

#include <string_view>

namespace lockstep::rewards::tools::skeleton {

extern const std::string_view kSamples, kPython, kPythonTest, kCpp, kCppTest, kBuild;

}  // namespace lockstep::rewards::tools::skeleton
