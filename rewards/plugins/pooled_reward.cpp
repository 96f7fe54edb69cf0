// SPDX-License-Identifier: Apache-2.0
// From samples to calls of the workers, and back.
#include "rewards/plugins/pooled_reward.h"

#include "base/text.h"
#include "rewards/plugins/messages.h"

namespace lockstep::rewards::plugins {

PooledReward::PooledReward(const std::string& name, WorkerOptions options, int num_workers)
    : NamedReward(name),
      pool_(std::make_unique<WorkerPool>(std::move(options), num_workers, cat("reward ", base::printable(name)))),
      is_per_sample_(pool_->hello().value("per_sample", base::Json()) == true) {}

Score PooledReward::score(const Sample& sample) const { return std::move(score_batch({&sample, 1}).front()); }

std::vector<Score> PooledReward::score_batch(std::span<const Sample> samples) const {
  if (samples.empty()) return {};
  const size_t chunk = is_per_sample_ ? 1 : samples.size();
  std::vector<std::string> calls;
  for (size_t i = 0; i < samples.size(); i += chunk) calls.push_back(call_text(samples.subspan(i, chunk)));
  std::vector<Score> scores;
  for (const Reply& reply : pool_->call(calls)) {
    auto part = reply.status == Status::ok ? read_scores(reply.message, chunk)
                                           : failed_scores(reply.status, reply.problem, chunk);
    for (Score& score : part) scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace lockstep::rewards::plugins
