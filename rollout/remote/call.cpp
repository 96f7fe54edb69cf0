// SPDX-License-Identifier: Apache-2.0
// Units out, completions in, by sample index.
#include "rollout/remote/call.h"

#include <utility>

namespace lockstep::rollout::remote {

Call::Call(const Key& key, const std::vector<Request>& requests, const SamplingConfig& sampling)
    : key_(key),
      requests_(requests),
      sampling_(sampling),
      work_(requests, sampling.max_completion_length),
      groups_(requests.size()) {
  for (size_t r = 0; r < requests.size(); ++r) {
    groups_[r].completions.resize(static_cast<size_t>(requests[r].num_samples));
    num_missing_.push_back(requests[r].num_samples);
  }
}

Work Call::message(size_t unit, bool is_last_of_batch) const {
  const Unit& part = work_.unit(unit);
  Work work{key_.id, unit, key_.weight_version, key_.seed, sampling_, requests_[part.request], is_last_of_batch};
  work.request.first_sample += part.first_sample;
  work.request.num_samples = part.num_samples;
  return work;
}

ExpectedGroup Call::expected(size_t unit, int64_t vocab_size, size_t experts_per_token) const {
  const Unit& part = work_.unit(unit);
  return {requests_[part.request], sampling_, part.num_samples, vocab_size, key_.weight_version, experts_per_token};
}

bool Call::take(size_t unit, Group&& group) {
  if (!work_.finish(unit)) return false;
  const Unit& part = work_.unit(unit);
  auto& completions = groups_[part.request].completions;
  for (size_t s = 0; s < group.completions.size(); ++s) {
    num_tokens_ += static_cast<int64_t>(group.completions[s].ids.size());
    completions[static_cast<size_t>(part.first_sample) + s] = std::move(group.completions[s]);
  }
  num_taken_ += part.num_samples;
  num_missing_[part.request] -= part.num_samples;
  if (num_missing_[part.request] == 0) finished_.push_back(part.request);
  return true;
}

std::vector<size_t> Call::take_finished() { return std::exchange(finished_, {}); }

std::vector<Group> Call::give() { return std::move(groups_); }

}  // namespace lockstep::rollout::remote
