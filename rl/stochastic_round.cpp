// SPDX-License-Identifier: Apache-2.0
// A plain loop of integer operations that compilers vectorise.
#include "rl/stochastic_round.h"

#include <bit>

namespace lockstep::rl {
namespace {

// A bijection of 32-bit words whose every output bit depends on every input bit (multiply and xor-shift, two rounds).
constexpr uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

}  // namespace

void round_stochastically(const float* from, uint16_t* to, int64_t size, uint64_t key, int64_t first) {
  constexpr uint32_t kExponent = 0x7f800000U;
  const auto begin = static_cast<uint64_t>(first);
  // Places 2^32 apart would share their noise: the high word moves the key.
  const uint32_t low = mix(static_cast<uint32_t>(key) + static_cast<uint32_t>(begin >> 32)), high = static_cast<uint32_t>(key >> 32);
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(from[i]);
    const uint32_t noise = mix((static_cast<uint32_t>(begin) + static_cast<uint32_t>(i)) ^ low) + high;
    const bool is_finite = (bits & kExponent) != kExponent;
    const bool is_exact = (bits & 0xffffU) == 0;
    // A NaN whose payload lies in the low half must not become an infinity.
    const uint32_t kept = is_finite || is_exact ? bits : bits | 0x00400000U;
    to[i] = static_cast<uint16_t>((kept + (is_finite ? mix(noise) & 0xffffU : 0U)) >> 16);
  }
}

}  // namespace lockstep::rl
