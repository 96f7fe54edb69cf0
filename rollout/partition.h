// SPDX-License-Identifier: Apache-2.0
// Which lane draws which samples: decided by the requests alone, so that threads and timing cannot change the result.
#pragma once

#include <cstdint>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout {

// Samples [begin, end) of a request.
struct Share {
  size_t request = 0;
  int begin = 0, end = 0;
};

// New tokens that a request's samples may have: the configured limit, or what the context leaves.
int64_t max_new_tokens(const Request& request, const SamplingConfig& sampling, int64_t max_position_embeddings);

// One list of shares per lane, in the order of the requests. With at least as many requests as lanes a request stays whole
// (its prompt is computed once), else one whose samples outweigh its prompt is cut into as many shares as there are lanes.
// Shares go, largest estimated work first, to the lane with the least so far.
std::vector<std::vector<Share>> partition(const std::vector<Request>& requests,
                                          const SamplingConfig& sampling,
                                          int64_t max_position_embeddings,
                                          int num_lanes);

}  // namespace lockstep::rollout
