// SPDX-License-Identifier: Apache-2.0
// Starting a program with exactly the descriptors, signals and environment that it is meant to have.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::base {

// The lowest number of a descriptor that spawn may pass on: below it are the numbers that the child gets.
inline constexpr int kLowestMoved = 10;

struct SpawnPlan {
  std::vector<std::string> argv = {};                                   // the first is found on PATH unless it has a "/"
  std::optional<std::vector<std::string>> environment = std::nullopt;  // NAME=value each; none: this process's own
  std::vector<int> descriptors = {};  // entry i becomes number i of the child; at most 10, each from move_up
};

// The child leads a session and a process group of its own, so that Ctrl-C does not reach it and kill(-pid) reaches what it
// starts; signal handlers are the default ones, no signal is blocked, and every other descriptor is closed, whoever opened it
// and however. No fork: the cost does not grow with this process's memory. Error (where = argv[0]) when the program cannot
// be started. Whoever gets the number reaps it.
pid_t spawn(const SpawnPlan& plan);

// A pidfd, readable once the process has ended; not open on a kernel that has none (before Linux 5.3).
FileHandle process_handle(pid_t pid);

// A duplicate with a number from kLowestMoved on; the file is closed unless its number is one already.
FileHandle move_up(FileHandle file);

// Both ends are close-on-exec and moved up.
struct Pipe {
  FileHandle read, write;
};
Pipe make_pipe();

// Connected sockets of the Unix domain; `type` is SOCK_STREAM or SOCK_SEQPACKET.
struct SocketPair {
  FileHandle ours, theirs;
};
SocketPair make_socket_pair(int type);

}  // namespace lockstep::base
