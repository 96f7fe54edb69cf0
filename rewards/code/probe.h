// SPDX-License-Identifier: Apache-2.0
// Trying at the start whether the sandbox holds on this machine, instead of believing its options.
#pragma once

#include <string>

#include "rewards/code/config.h"

namespace lockstep::rewards::code {

// Runs a program in a sandbox that tries to get out in each way that matters (network, files, processes, debugging, mounts,
// namespaces, memory, processes without end), and looks at that sandbox from outside (namespaces, rights, seccomp, user).
// Error at `where` that names what was possible, or why no sandbox came up.
void probe(const CodeConfig& config, const std::string& where);

// True when a program that does nothing runs to its end.
bool is_sandbox_sound(const SandboxConfig& sandbox, const LimitsConfig& limits);

}  // namespace lockstep::rewards::code
