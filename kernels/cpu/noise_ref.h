// SPDX-License-Identifier: Apache-2.0
// The meaning of the noise kernels: every entry's noise, from base/rng.h.
#pragma once

#include "kernels/cpu/noise.h"

namespace lockstep::kernels::cpu {

void noise_words_ref(const NoiseSource& source, int64_t first, int64_t count, uint32_t* words);
void gumbel_argmax_ref(const NoisyRow& row, const NoiseSource& source, BestEntry& best);
void argmax_ref(const float* logits, int64_t first, int64_t columns, BestEntry& best);

}  // namespace lockstep::kernels::cpu
