// SPDX-License-Identifier: Apache-2.0
// Names of statuses, and batches of rewards that look at one sample at a time.
#include "rewards/reward.h"

namespace lockstep::rewards {

std::optional<std::string> Reward::row_problem(const base::Json&) const { return std::nullopt; }

const char* status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::skip:
      return "skip";
    case Status::error:
      return "error";
    case Status::timeout:
      return "timeout";
  }
  return "unknown";
}

std::vector<Score> Reward::score_batch(std::span<const Sample> samples) const {
  std::vector<Score> scores;
  scores.reserve(samples.size());
  for (const Sample& sample : samples) {
    try {
      scores.push_back(score(sample));
    } catch (const std::exception& error) {
      scores.push_back({.status = Status::error, .detail = error.what()});
    } catch (...) {
      scores.push_back({.status = Status::error, .detail = "an exception that is no std::exception"});
    }
  }
  return scores;
}

}  // namespace lockstep::rewards
