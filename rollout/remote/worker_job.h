// SPDX-License-Identifier: Apache-2.0
// What a worker's engine thread does at the network thread's word, one job at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "rollout/remote/model_source.h"
#include "rollout/remote/weights.h"

namespace lockstep::rollout::remote {

// Makes the model.
struct BuildJob {
  Welcome welcome;
};
// Checks its weights, which the network thread has written or which are to be read from the shared folder first.
struct CheckJob {
  ModelHost* host = nullptr;
  std::string path;  // empty: they are written
  Digest sha256{};
  int threads = 1;
};
// Draws units of one call in one generate.
struct DrawJob {
  ModelHost* host = nullptr;
  std::vector<Work> batch;
};
using Job = std::variant<BuildJob, CheckJob, DrawJob>;

// A whole unit of a DrawJob. It comes while the job runs; the last one, with the counts of the batch, at its end.
struct UnitDone {
  Result result;
};
// The last event of every job.
struct JobDone {
  std::unique_ptr<ModelHost> host = nullptr;         // that was built
  std::optional<std::string> damage = std::nullopt;  // what is wrong with the weights
  std::optional<Error> error = std::nullopt;
};
using JobEvent = std::variant<UnitDone, JobDone>;

// Does the job; `report` is called for each event, from any thread, one call at a time. Throws nothing.
void do_job(Job& job, const MakeHost& make_host, const std::function<void(JobEvent&&)>& report);

}  // namespace lockstep::rollout::remote
