// SPDX-License-Identifier: Apache-2.0
// Dynamic sampling (DAPO section 3.2, arXiv:2503.14476): groups that teach nothing are replaced by groups of new prompts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "rl/dynamic_sampling_config.h"
#include "rl/scoring.h"

namespace lockstep::rl {

// All of the group's rewards that could be scored are equal, or there are fewer than two: every advantage is 0.
bool is_flat(const ScoredGroup& group);

// The completions of `count` prompts of the stream from `first` on; nullopt when a signal came instead.
using DrawPrompts = std::function<std::optional<Rollout>(uint64_t first, int64_t count)>;

// A rollout of `num_prompts` groups that are not flat, in the order of their prompts; advances `cursor` (the stream's next prompt)
// over all that were drawn. A pure function of the cursor and of what draw gives. rollout.draws counts groups. After
// max_refills: what there is, perhaps nothing, or an Error, as the config says. nullopt, with the cursor where it was, as
// soon as draw gives it.
std::optional<Rollout> draw_varied(const DynamicSamplingConfig& config, int64_t num_prompts, uint64_t& cursor, const DrawPrompts& draw);

}  // namespace lockstep::rl
