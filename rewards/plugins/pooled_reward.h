// SPDX-License-Identifier: Apache-2.0
// A reward that is scored by worker processes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rewards/builtin.h"
#include "rewards/plugins/plugin_config.h"
#include "rewards/plugins/worker_pool.h"

namespace lockstep::rewards::plugins {

class PooledReward final : public NamedReward {
 public:
  // Starts the first worker; Error when it cannot.
  PooledReward(const std::string& name, WorkerOptions options, int num_workers);

  Score score(const Sample& sample) const override;
  // One call for the whole batch; for interfaces that take one sample at a time ("per_sample" in the greeting, verl's) one
  // call per sample, so that the deadline is the sample's and a crash costs one sample.
  std::vector<Score> score_batch(std::span<const Sample> samples) const override;
  bool scores_each_alone() const override { return false; }

 private:
  std::unique_ptr<WorkerPool> pool_;
  bool is_per_sample_;
};

// Error (at `where`) when neither or both of file and module are named, when the file does not exist, or when Python cannot
// load it: the Error then holds what Python said.
std::unique_ptr<Reward> make_python_reward(const std::string& name, const PythonConfig& config, const std::string& where);

}  // namespace lockstep::rewards::plugins
