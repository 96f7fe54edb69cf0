// SPDX-License-Identifier: Apache-2.0
// Which tokens top-k, top-p and min-p leave to be drawn.
#pragma once

#include <cstdint>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout {

bool truncates(const SamplingConfig& config);

// The kept entries of a vocabulary of `size`, in no particular order. Entries are ranked by logit, ties by lowest index;
// every rule keeps a beginning of this ranking and always its first:
//   top_k  the first k;
//   top_p  of those, the shortest beginning that holds at least top_p of their probability;
//   min_p  of those, the entries with at least min_p times the probability of the first.
// `weights` are exp(logit - largest logit). Probability is counted in units of 2^-40 of the first's, as integers: sums do
// not depend on their order, so the boundary is exact. O(size) expected.
void truncate(
    const float* logits, const float* weights, int64_t size, const SamplingConfig& config, std::vector<int32_t>& kept);

// The same by sorting everything.
std::vector<int32_t> truncate_ref(const float* logits,
                                  const float* weights,
                                  int64_t size,
                                  const SamplingConfig& config);

}  // namespace lockstep::rollout
