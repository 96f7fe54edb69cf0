// SPDX-License-Identifier: Apache-2.0
// The system calls that a sandboxed program may not make, as a BPF program for seccomp.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace lockstep::rewards::code {

// For x86-64, in the form that bwrap's --seccomp reads. Another architecture kills the process; x32 calls and calls newer
// than Linux 6.0 do not exist (ENOSYS); refused ones return EPERM: debugging, kernel features with a history of escapes,
// namespaces and mounts, sockets (but for socketpair), and whatever would outlive the process or reach another one.
std::vector<sock_filter> seccomp_filter();

}  // namespace lockstep::rewards::code
