// SPDX-License-Identifier: Apache-2.0
// The thread that starts the processes of a plugin and carries what they print into the log.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rewards/plugins/child.h"

namespace lockstep::rewards::plugins {

// One thread does both, for its whole life: a child that asks the kernel to die with its parent (PR_SET_PDEATHSIG) dies with
// the thread that started it, and a pipe that nobody reads stops whoever writes into it. Thread-safe.
class Keeper {
 public:
  explicit Keeper(std::function<void(const std::string& line)> sink);  // called from the thread
  ~Keeper();  // joins; children must have ended
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Error when the program cannot be started. The child's output is read until all its writers are gone, or until the
  // child is given back.
  std::unique_ptr<Child> start(const std::vector<std::string>& argv);
  // Another call begins: allows the child its share of the log again.
  void new_call(const Child& child);
  // The child has ended: takes what is left in its pipe and closes it, whoever else still holds it. Returns at once.
  void finish(const Child& child);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::rewards::plugins
