// SPDX-License-Identifier: Apache-2.0
// What became of workers and of the completions that they drew.
#pragma once

#include <cstdint>

namespace lockstep::rollout::remote {

// Over the life of the engine. Completions of the parity probe are not counted. Between calls
// generated = given + duplicates_dropped + stale_dropped + invalid_dropped.
struct WorkerStats {
  int64_t joined = 0;              // workers that passed the parity probe; again after a broken session
  int64_t left = 0;                // of them, for whatever reason
  int64_t refused = 0;             // workers that were turned away, joined or not
  int64_t generated = 0;           // completions that arrived
  int64_t given = 0;               // returned by generate
  int64_t duplicates_dropped = 0;  // drawn twice: their first worker had fallen silent
  int64_t stale_dropped = 0;       // of a call that has ended
  int64_t invalid_dropped = 0;     // wrong ones: their worker is refused
  int64_t units_reassigned = 0;
};

}  // namespace lockstep::rollout::remote
