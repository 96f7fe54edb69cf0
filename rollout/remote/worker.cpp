// SPDX-License-Identifier: Apache-2.0
// The worker's two threads: this one talks to the trainer, the other one draws.
#include "rollout/remote/worker.h"

#include <algorithm>
#include <random>

#include "rollout/remote/engine_thread.h"
#include "rollout/remote/worker_core.h"

namespace lockstep::rollout::remote {
namespace {

constexpr Milliseconds kLookForStop{100};
constexpr int kMaxAtOnce = 256;  // messages before the clock is looked at again

uint64_t random_instance() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Ends a running generate however the worker is left, so that its thread can be joined.
struct HaltAtEnd {
  WorkerCore& core;
  ~HaltAtEnd() { core.halt(); }
};

void talk(ClientLink& link, WorkerCore& core, EngineThread& engine, const std::atomic<bool>& stop) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  while (true) {
    if (stop) core.leave("it was stopped");
    for (JobEvent& event : engine.take_events()) core.on_event(std::move(event), now());
    if (auto job = core.take_job()) engine.start(std::move(*job));
    const auto wait = std::chrono::ceil<Milliseconds>(core.tick(now()) - now());
    if (core.is_over()) return;  // that tick said the last words
    auto message = link.receive(std::clamp(wait, Milliseconds(0), kLookForStop));
    for (int i = 0; message && i < kMaxAtOnce; ++i) {
      core.on_message(std::move(*message), now());
      message = link.receive(Milliseconds(0));
    }
    if (message) core.on_message(std::move(*message), now());
  }
}

}  // namespace

void run_worker(ClientLink& link,
                const MakeHost& make_host,
                const WorkerOptions& options,
                const std::atomic<bool>& stop) {
  WorkerCore core(link, options, random_instance(), std::chrono::steady_clock::now());
  {
    EngineThread engine(make_host, [&] { link.wake(); });
    const HaltAtEnd halt{core};
    talk(link, core, engine, stop);
  }
  if (core.error()) throw *core.error();
}

}  // namespace lockstep::rollout::remote
