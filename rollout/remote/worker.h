// SPDX-License-Identifier: Apache-2.0
// The worker's side: gets a model, its weights and work from a trainer, and sends completions back.
#pragma once

#include <atomic>
#include <string>

#include "rollout/remote/link.h"
#include "rollout/remote/model_source.h"

namespace lockstep::rollout::remote {

struct WorkerOptions {
  std::string endpoint;  // of the trainer, for Errors
  std::string name;      // for the trainer's log
  std::string build;     // version and commit
  std::string isa;       // of its kernels
  int threads = 1;
  Milliseconds hello_retry{3000};  // an unanswered Hello is said again after so long, over a new connection
  Milliseconds resend{2000};       // a Result that is not acknowledged is sent again
  Milliseconds give_up{600'000};   // silence of the trainer, in all, before the worker ends
};

// Works for the trainer at the other end of `link` until it says Goodbye or `stop` is set; returns then. Errors: the trainer
// refused this worker (its words), it was silent for give_up, weights came damaged three times running, `make_host` or the
// engine threw (the trainer is told).
void run_worker(ClientLink& link,
                const MakeHost& make_host,
                const WorkerOptions& options,
                const std::atomic<bool>& stop);

}  // namespace lockstep::rollout::remote
