// SPDX-License-Identifier: Apache-2.0
// Starting the fork server inside a sandbox, or without one in unsafe mode.
#pragma once

#include <memory>
#include <string>

#include "base/file_handle.h"
#include "rewards/code/cgroup.h"
#include "rewards/code/config.h"

namespace lockstep::rewards::code {

// A server that has said that it is ready.
struct Server {
  base::FileHandle control;        // packets to and from it
  pid_t outer = 0;                 // our child: bwrap; in unsafe mode the server itself
  pid_t inner = 0;                 // the server, as we see it; its own number is 1
  base::FileHandle inner_handle;   // pidfd of `inner`
  base::FileHandle scratch;        // its working folder, a file system of its own; not open in unsafe mode
  std::unique_ptr<Cgroup> cgroup;  // or nothing
  std::string folder;              // unsafe mode: its working folder, to be removed; else ""
};

// Error with what bwrap or Python said when there is no server after a while. --die-with-parent ends the sandbox with the
// *thread* that called this: call it from one that lives as long as the sandbox.
Server launch(const SandboxConfig& config, const LimitsConfig& limits);

// Ends every process of it, waits until they are gone, and removes its cgroup and folder.
void shut_down(Server& server);

// Removes working folders that killed processes of this program have left (unsafe mode only; a sandbox leaves none).
void remove_stale_folders();

}  // namespace lockstep::rewards::code
