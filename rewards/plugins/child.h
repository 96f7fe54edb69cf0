// SPDX-License-Identifier: Apache-2.0
// One child process with a channel to it on its descriptor 3 and its standard output and error in a pipe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rewards::plugins {

inline constexpr int kChildChannel = 3;  // the descriptor that the child finds the channel on

// The child leads a session and a process group of its own (base/spawn.h): Ctrl-C does not reach it, and what it starts ends with
// it.
class Child {
 public:
  // Starts argv[0], found on PATH. The child gets /dev/null, the pipe twice, the channel, and no other descriptor; every
  // signal at its default. Error when the program cannot be started.
  explicit Child(const std::vector<std::string>& argv);
  ~Child();  // kills the group and reaps
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int channel() const { return channel_.number(); }  // a socket, not blocking
  int ended() const { return pidfd_.number(); }      // readable once the process has ended; below 0 on an old kernel
  base::FileHandle take_output() { return std::move(output_); }  // not blocking

  // Closes the channel, so that a child that reads it can end by itself, within `grace_ms`; then kills its process group.
  // Returns how it ended: "exit code 3", "signal 11 (Segmentation fault)".
  std::string end(int grace_ms);

 private:
  bool wait_for_exit(int timeout_ms) const;
  pid_t pid_ = -1;
  base::FileHandle channel_, output_, pidfd_;
};

}  // namespace lockstep::rewards::plugins
