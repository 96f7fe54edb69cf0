// SPDX-License-Identifier: Apache-2.0
// Watching and reaping a process and its descendants, from outside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rewards::code {

// Waits until `pid`, a child, has ended and is reaped; false when it still runs at the deadline.
bool reap(pid_t pid, double timeout_s);

// True when `handle` becomes readable (or its other end closes) in time.
bool wait_readable(const base::FileHandle& handle, double timeout_s);

// Of all descendants of a process that still live.
struct TreeUse {
  double cpu_s = 0;          // also of descendants that have been waited for since the process started
  double waiting_s = 0;      // the longest time that a thread was ready to run and got no processor
  int64_t memory_bytes = 0;  // resident and not shared with files
  bool is_known = false;     // false where the kernel tells nothing (no /proc, or no list of children)
  std::vector<pid_t> processes = {};
};
TreeUse measure_descendants(pid_t root);

// Whether processes of a tree come and go. One that ends while its parent ignores SIGCHLD is in nobody's books: where any has
// gone, what the tree has used is not known.
class Attendance {
 public:
  void look(const TreeUse& use);
  bool is_complete() const { return is_complete_; }

 private:
  std::vector<pid_t> last_;  // sorted
  bool is_complete_ = true;
};

// Whether it is the machine's fault that a job came to its deadline: it has not used its processor time, and a thread of it
// was ready to run for half of the deadline without getting a processor - beyond what the job's own processes can have taken
// from each other. Also when nothing is known.
bool was_starved(const TreeUse& use, double allowed_cpu_s, double wall_s);

double now_s();  // monotonic

}  // namespace lockstep::rewards::code
