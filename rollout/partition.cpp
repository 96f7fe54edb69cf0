// SPDX-License-Identifier: Apache-2.0
// Longest-processing-time-first assignment of requests to lanes.
#include "rollout/partition.h"

#include <algorithm>
#include <numeric>

namespace lockstep::rollout {
namespace {

// Every part computes the prompt again, and a lane that is alone uses all threads anyway.
bool is_worth_cutting(const Request& request, int64_t new_tokens) {
  return request.num_samples * new_tokens >= 8 * static_cast<int64_t>(request.prompt.size());
}

std::vector<Share> cut(const std::vector<Request>& requests, const SamplingConfig& sampling, int64_t context, int num_lanes) {
  const bool has_few = requests.size() < static_cast<size_t>(num_lanes);
  std::vector<Share> shares;
  for (size_t r = 0; r < requests.size(); ++r) {
    const int64_t samples = requests[r].num_samples;
    const int num_parts = has_few && is_worth_cutting(requests[r], max_new_tokens(requests[r], sampling, context)) ? num_lanes : 1;
    for (int64_t p = 0; p < num_parts; ++p) {
      const auto begin = static_cast<int>(p * samples / num_parts),
                 end = static_cast<int>((p + 1) * samples / num_parts);
      if (begin < end) shares.push_back({r, begin, end});
    }
  }
  return shares;
}

}  // namespace

int64_t max_new_tokens(const Request& request, const SamplingConfig& sampling, int64_t max_position_embeddings) {
  return std::min(sampling.max_completion_length,
                  max_position_embeddings - static_cast<int64_t>(request.prompt.size()));
}

std::vector<std::vector<Share>> partition(const std::vector<Request>& requests,
                                          const SamplingConfig& sampling,
                                          int64_t max_position_embeddings,
                                          int num_lanes) {
  const auto shares = cut(requests, sampling, max_position_embeddings, num_lanes);
  std::vector<int64_t> work(shares.size());  // tokens to compute
  for (size_t i = 0; i < shares.size(); ++i) {
    const Request& request = requests[shares[i].request];
    work[i] = static_cast<int64_t>(request.prompt.size()) +
              (shares[i].end - shares[i].begin) * max_new_tokens(request, sampling, max_position_embeddings);
  }
  std::vector<size_t> order(shares.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return work[a] > work[b]; });
  std::vector<int64_t> load(static_cast<size_t>(num_lanes), 0);
  std::vector<size_t> lane_of(shares.size());
  for (const size_t i : order) {
    lane_of[i] = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    load[lane_of[i]] += work[i];
  }
  std::vector<std::vector<Share>> lanes(static_cast<size_t>(num_lanes));
  for (size_t i = 0; i < shares.size(); ++i) lanes[lane_of[i]].push_back(shares[i]);
  return lanes;
}

}  // namespace lockstep::rollout
