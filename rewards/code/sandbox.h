// SPDX-License-Identifier: Apache-2.0
// One sandbox with its fork server: a job in, what became of it out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_handle.h"
#include "rewards/code/config.h"
#include "rewards/code/launch.h"
#include "rewards/code/process.h"

namespace lockstep::rewards::code {

struct JobLimits {
  int cpu_s = 1;
  double wall_s = 1;
  int64_t memory_bytes = 0;  // of each process; twice as much is watched for all together where there is no cgroup
  bool limit_address_space = true;
  int64_t stack_bytes = 0;
  int64_t file_bytes = 0;
  int processes = 1;
};

// What fork_server.py does with it: compile (Python source to code object), main, call (Python), build (a compiler), binary,
// script.
struct Job {
  std::string kind;
  const base::FileHandle* program = nullptr;  // sealed: source, code object or executable
  std::string_view input = {};
  std::vector<std::string> argv = {};  // build, script
  std::string source = {};             // build, script: file name
  std::string artifact = {};           // build: file name of what it makes
  JobLimits limits = {};
};

enum class End {
  exited,    // by itself; see code
  killed,    // by a signal; see code
  too_slow,  // used more processor time than allowed, or slept until the deadline
  too_big,   // its processes together used more memory than allowed
  starved,   // the deadline came, but the machine had given it no processor: no verdict about the program
  broken,    // the sandbox itself ended
};

struct Outcome {
  End end = End::broken;
  int code = 0;  // exit status or signal
  double cpu_s = 0;
  std::string output = {};  // at most the limit of file bytes
  std::string errors;       // its first 4 KiB
  std::string record;       // call: what followed the nonce; "" without a valid record
  base::FileHandle result;  // compile, build: what was made, sealed; not open when nothing was
};

// Not thread-safe: one job at a time.
class Sandbox {
 public:
  // Error when it does not come up. It ends with the thread that makes it (see launch.h).
  Sandbox(const SandboxConfig& config, const LimitsConfig& limits);
  ~Sandbox();  // ends and reaps every process in it
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // When this returns, every process of the job has ended. Error for faults of this machine only (no memory file, ...).
  Outcome run(const Job& job);

  // False after a job that left something in the scratch folder, and when it had to be ended: take another sandbox.
  bool is_fresh() const { return is_fresh_; }
  const Server& server() const { return server_; }

 private:
  enum class Wait { replied, died, deadline, too_big };
  Wait wait_for_reply(const Job& job, double started_s, Attendance& attendance) const;
  bool is_too_big(const Job& job, const TreeUse& use) const;
  void judge_deadline(const Job& job, Attendance& attendance, Outcome& outcome) const;

  Server server_;
  int64_t max_files_;         // a file costs memory even when it is empty: at most one a KiB of the scratch folder
  double replied_cpu_s_ = 0;  // processor time of all jobs that ended by themselves
  bool is_fresh_ = true;
};

}  // namespace lockstep::rewards::code
