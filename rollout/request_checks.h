// SPDX-License-Identifier: Apache-2.0
// What generate refuses before any work is done, and the size of the cache it works in.
#pragma once

#include <cstdint>
#include <vector>

#include "model/transformer.h"
#include "rollout/engine.h"
#include "rollout/engine_config.h"
#include "rollout/partition.h"

namespace lockstep::rollout {

// Error on an empty prompt, an id outside the vocabulary, no samples, a prompt as long as the context; on stop strings
// without a tokenizer and on sampling values out of range.
void check_requests(const std::vector<Request>& requests,
                    const SamplingConfig& sampling,
                    const model::ModelConfig& model,
                    bool has_tokenizer);

// Pages of a lane's cache: kv_cache_rows, or what the shares need at most, within the lane's part of kv_cache_bytes. It
// depends on nothing else, because the order of the work, and so rounding, depends on it. Error when a share does not fit.
int64_t lane_pages(const std::vector<Share>& shares,
                   const std::vector<Request>& requests,
                   const SamplingConfig& sampling,
                   const model::Transformer& model,
                   const EngineConfig& config);

}  // namespace lockstep::rollout
