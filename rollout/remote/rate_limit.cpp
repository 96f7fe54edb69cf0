// SPDX-License-Identifier: Apache-2.0
// Counting between two log lines of a kind.
#include "rollout/remote/rate_limit.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace lockstep::rollout::remote {

std::optional<int64_t> RateLimit::admit(const char* kind, Clock::time_point now) {
  State& state = states_[kind];
  ++state.since_line;
  if (state.line && now - *state.line < std::chrono::seconds(1)) return std::nullopt;
  state.line = now;
  return std::exchange(state.since_line, 0);
}

void RateLimit::warn(const char* kind, std::string_view text) {
  const std::optional<int64_t> times = admit(kind);
  if (!times) return;
  base::log_warn(*times == 1 ? std::string(text) : cat(text, " (", *times, " times)"));
}

}  // namespace lockstep::rollout::remote
