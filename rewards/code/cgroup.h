// SPDX-License-Identifier: Apache-2.0
// A control group of one sandbox, v2 or v1: memory and processes of all of it together.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::rewards::code {

struct CgroupLimits {
  int64_t memory_bytes = 0;
  int num_processes = 0;
};

class Cgroup {
 public:
  // A group below the one that this process is in; nothing where it may not make one, or where memory or pids are missing.
  static std::unique_ptr<Cgroup> make(const CgroupLimits& limits);
  // Removes groups that a killed process of this program has left.
  static void remove_stale();

  ~Cgroup();  // removes it; every process in it must have ended
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  bool add(pid_t pid) const;  // with all that it will start
  const std::vector<std::string>& folders() const { return folders_; }

 private:
  Cgroup() = default;

  std::vector<std::string> folders_;  // one in v2; memory and pids in v1
};

}  // namespace lockstep::rewards::code
