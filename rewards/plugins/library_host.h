// SPDX-License-Identifier: Apache-2.0
// The process around a shared library: `lockstep reward host`, the other end of worker.h's wire.
#pragma once

#include <string>

namespace lockstep::rewards::plugins {

// Loads the library that `settings` (JSON: {"file", "options", "max_memory_mb", "timeout_s"}) names, greets on descriptor
// 3, and answers calls until the channel is closed. Returns the exit code: 0, also when the library could not be loaded
// (the greeting says why); 1 when descriptor 3 is no channel or `settings` is not of that form.
int serve_library(const std::string& settings);

}  // namespace lockstep::rewards::plugins
