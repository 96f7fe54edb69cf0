// SPDX-License-Identifier: Apache-2.0
// A shared library with a reward, loaded into this process and checked against the ABI (lockstep_reward_abi.h).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/plugins/lockstep_reward_abi.h"
#include "rewards/reward.h"

namespace lockstep::rewards::plugins {

class Library {
 public:
  // Loads and checks it, and makes its state with `options`. Error (where = path) when it cannot be loaded, exports no
  // lockstep_reward_plugin_v1, was built for another version, has no `score`, or refuses the options.
  // `log` gets the lines that the library logs, one at a time.
  Library(const std::string& path, const base::Json& options, std::function<void(const std::string& line)> log);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Scores in the calling thread; one call at a time unless the library says that it is thread-safe. A call cannot be
  // interrupted: one that returns after `timeout_s` has all its samples made timeouts. The library is told a deadline a
  // tenth earlier, so that what it has scored until then arrives in time.
  std::vector<Score> score(std::span<const Sample> samples, double timeout_s) const;

 private:
  struct Closer {
    void operator()(void* handle) const;
  };
  void check(const lockstep_reward_plugin* plugin) const;

  std::string path_;
  std::function<void(const std::string&)> log_;
  std::unique_ptr<void, Closer> handle_;
  const lockstep_reward_plugin* plugin_ = nullptr;
  void* state_ = nullptr;
  mutable std::mutex mutex_;
};

}  // namespace lockstep::rewards::plugins
