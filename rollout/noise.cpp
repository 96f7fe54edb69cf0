// SPDX-License-Identifier: Apache-2.0
// Who draws, and what.
#include "rollout/noise.h"

#include "base/rng.h"

namespace lockstep::rollout {
namespace {

uint32_t low_half(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t high_half(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

}  // namespace

uint64_t noise_key(uint64_t seed, uint64_t prompt_id, int sample) {
  return base::derive_key(seed, "sampling", prompt_id, static_cast<uint64_t>(sample));
}

uint32_t noise_bits(uint64_t key, int64_t position, int64_t index) {
  const auto at = static_cast<uint64_t>(position);
  return base::philox4x32({low_half(static_cast<uint64_t>(index) / 4), low_half(at), high_half(at), 0},
                          {low_half(key), high_half(key)})[static_cast<size_t>(index) % 4];
}

}  // namespace lockstep::rollout
