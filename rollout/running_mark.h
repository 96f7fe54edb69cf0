// SPDX-License-Identifier: Apache-2.0
// One generate call at a time. No LibTorch here.
#pragma once

#include <atomic>

#include "base/error.h"

namespace lockstep::rollout {

// Marks an engine's call as running until it is left. Error when one is running already.
class RunningMark {
 public:
  explicit RunningMark(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true))
      throw Error("generate was called while it is running", "rollout engine", "give every caller an engine of its own");
  }
  ~RunningMark() { flag_ = false; }
  RunningMark(const RunningMark&) = delete;
  RunningMark& operator=(const RunningMark&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace lockstep::rollout
