// SPDX-License-Identifier: Apache-2.0
// Names of the finish reasons, as they are written to completion logs, and sums of statistics.
#include "rollout/engine.h"

#include <algorithm>

#include "base/error.h"

namespace lockstep::rollout {

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
      return "eos";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::aborted:
      return "aborted";
  }
  base::check_failed("reason", "no such FinishReason");
}

void EngineStats::add(const EngineStats& other) {
  prompt_tokens += other.prompt_tokens;
  new_tokens += other.new_tokens;
  decode_steps += other.decode_steps;
  preempted += other.preempted;
  peak_cache_rows += other.peak_cache_rows;
  draws += other.draws;
  draft_tokens += other.draft_tokens;
  accepted_tokens += other.accepted_tokens;
  expert_load.resize(std::max(expert_load.size(), other.expert_load.size()));
  for (size_t l = 0; l < other.expert_load.size(); ++l) {
    auto& sums = expert_load[l];
    sums.resize(std::max(sums.size(), other.expert_load[l].size()));
    for (size_t e = 0; e < other.expert_load[l].size(); ++e) sums[e] += other.expert_load[l][e];
  }
}

double EngineStats::acceptance_rate() const {
  return draft_tokens > 0 ? static_cast<double>(accepted_tokens) / static_cast<double>(draft_tokens) : 0.0;
}

double EngineStats::tokens_per_step() const {
  return draws > 0 ? static_cast<double>(new_tokens) / static_cast<double>(draws) : 0.0;
}

}  // namespace lockstep::rollout
