// SPDX-License-Identifier: Apache-2.0
// The texts of fork_server.py and probe.py, compiled in: a binary needs no file beside it.
#pragma once

#include <string_view>

namespace lockstep::rewards::code {

extern const std::string_view kForkServer;
extern const std::string_view kProbe;

}  // namespace lockstep::rewards::code
