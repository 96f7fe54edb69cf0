// SPDX-License-Identifier: Apache-2.0
// How packed Q8_0 weights lie in memory: constants only, seen by code of every instruction set.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// A panel of 64 outputs is a row of blocks of 32 places along the chain. A block: 64 scales as f16, then for each half of
// the panel's outputs the weights as bytes q + 128, [16 pairs of places][32 outputs][2], so that a line of memory is a pair
// of places. Places beyond K and outputs beyond N hold q = 0.
inline constexpr int64_t kQ8Places = 32;
inline constexpr int64_t kQ8ScaleBytes = 64 * 2;
inline constexpr int64_t kQ8PairBytes = 32 * 2;  // of half a panel
inline constexpr int64_t kQ8HalfBytes = kQ8Places / 2 * kQ8PairBytes;
inline constexpr int64_t kQ8BlockBytes = kQ8ScaleBytes + 2 * kQ8HalfBytes;

inline constexpr int64_t q8_blocks(int64_t k) { return (k + kQ8Places - 1) / kQ8Places; }

}  // namespace lockstep::kernels::cpu
