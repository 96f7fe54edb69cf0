// SPDX-License-Identifier: Apache-2.0
// One worker of a plugin: a process that is started when it is needed, asked one call at a time, and started again when it died.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/plugins/child.h"
#include "rewards/plugins/frame.h"
#include "rewards/plugins/keeper.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

struct WorkerOptions {
  std::vector<std::string> argv = {};       // the host's command line; a sandbox's launcher stands in front of it
  std::string where = {};                   // for Errors: the plugin's file
  double call_timeout_s = 30;               // of one call, from the moment it is sent
  double start_timeout_s = 120;             // from the start of the process to its greeting: imports may take long
  size_t max_reply_bytes = size_t{16} << 20;
};

// What came of one call. ok: the host's answer is in `message`. Otherwise `problem` says what happened.
struct Reply {
  Status status = Status::error;
  base::Json message = {};
  std::string problem = {};
};

// A state machine that its owner drives by poll: begin, then step whenever an entry is ready, until step says that the
// reply is there; give_up when the deadline has passed. Not thread-safe. Wire: frame.h; the host greets with
// {"hello": 1, ...} or {"hello": 1, "error": text}; a call {"id": n, "call": ...} gets {"id": n, ...}. Whatever else comes
// over the channel ends the process: a stream that has lied once is not believed again.
class Worker {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kMaxFailedStarts = 3;                      // in a row; then the next start waits
  static constexpr std::chrono::seconds kStartPause{30};
  // A plugin that hangs for good must not cost a run a deadline per call: after so many timeouts in a row calls are answered
  // as timeouts at once for so many times the deadline, then one call tries again. So at most a tenth of the time is waited.
  static constexpr int kMaxTimeouts = 3;
  static constexpr int kTimeoutPause = 10;

  Worker(Keeper& keeper, WorkerOptions options) : keeper_(keeper), options_(std::move(options)) {}
  ~Worker() { stop(kGrace_ms); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `call` is JSON text; empty: only start the process and wait for its greeting. True when the reply is there already.
  bool begin(const std::string& call, uint64_t id);
  bool step();
  void give_up();
  Clock::time_point deadline() const { return deadline_; }
  void add_entries(std::vector<pollfd>& entries) const;
  Reply take_reply() { return std::move(reply_); }

  const base::Json& hello() const { return hello_; }  // of the last start that succeeded

 private:
  enum class Phase { absent, starting, idle, calling };
  static constexpr int kGrace_ms = 200;  // to end by itself when the trainer closes the channel

  bool start();
  void send();
  bool is_fresh();
  bool has_ended() const;
  bool write_some();
  bool read_some();
  bool on_frame(const std::string& body);
  bool on_hello(const base::Json& message);
  bool fail(Status status, const std::string& problem);
  bool fail_ended();
  void stop(int grace_ms);
  void count_timeouts(Status status);

  Keeper& keeper_;
  WorkerOptions options_;
  Phase phase_ = Phase::absent;
  std::unique_ptr<Child> child_;
  FrameReader reader_{0};
  std::string call_, out_;
  bool has_call_ = false;
  uint64_t id_ = 0;
  size_t written_ = 0;
  Clock::time_point deadline_ = {}, start_deadline_ = {}, next_start_ = {}, next_call_ = {};
  int num_failed_starts_ = 0;
  int num_timeouts_ = 0;  // of calls, in a row
  base::Json hello_;
  Reply reply_;
};

}  // namespace lockstep::rewards::plugins
