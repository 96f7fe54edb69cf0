// SPDX-License-Identifier: Apache-2.0
// The sampling noise: one 32-bit draw per vocabulary entry, a pure function of what it is for.
#pragma once

#include <cstdint>

namespace lockstep::rollout {

// Who draws: sample `sample` of prompt `prompt_id` in the run with this seed. Not who else draws, where or when.
uint64_t noise_key(uint64_t seed, uint64_t prompt_id, int sample);

// The draw of vocabulary entry `index` for the token at `position` of its sequence (the prompt's first token is position 0):
// word index % 4 of Philox with counter (index / 4, position). base::gumbel makes it Gumbel noise.
uint32_t noise_bits(uint64_t key, int64_t position, int64_t index);

}  // namespace lockstep::rollout
