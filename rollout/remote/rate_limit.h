// SPDX-License-Identifier: Apache-2.0
// At most one log line per second and kind, however often a stranger causes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::rollout::remote {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // The events of this kind since the last line, this one included; nullopt while that line is less than a second old. Kinds
  // are few and fixed: what a stranger sends must not become one.
  std::optional<int64_t> admit(const char* kind, Clock::time_point now = Clock::now());

  // Logs a warning when admit says so: "text", or "text (37 times)".
  void warn(const char* kind, std::string_view text);

 private:
  struct State {
    int64_t since_line = 0;
    std::optional<Clock::time_point> line = {};
  };
  std::map<std::string, State, std::less<>> states_;
};

}  // namespace lockstep::rollout::remote
