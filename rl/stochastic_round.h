// SPDX-License-Identifier: Apache-2.0
// f32 to bf16 with a rounding that is right on average, so that small steps add up (optimizer moments in two bytes).
#pragma once

#include <cstdint>

namespace lockstep::rl {

// to[i] is one of the two bf16 values around from[i], the nearer one as much more often as it is nearer: over keys the mean is
// from[i]. Which one is a function of `key` and first + i alone. What bf16 can hold, infinities and NaN stay as they are.
void round_stochastically(const float* from, uint16_t* to, int64_t size, uint64_t key, int64_t first);

}  // namespace lockstep::rl
