// SPDX-License-Identifier: Apache-2.0
// How packed Q8_0 weights lie in memory: constants only, seen by code of every instruction set.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// A panel of 64 outputs is a row of blocks of 32 places along the chain. A block: 64 scales as f16, then for each half of
// the panel's outputs 16 lines of 64 bytes, a line for a pair of places of 32 outputs: q + 128, at q8_byte(). Places beyond K
// and outputs beyond N hold q = 0.
inline constexpr int64_t kQ8Places = 32;
inline constexpr int64_t kQ8ScaleBytes = 64 * 2;
inline constexpr int64_t kQ8LineBytes = 64;
inline constexpr int64_t kQ8HalfBytes = kQ8Places / 2 * kQ8LineBytes;
inline constexpr int64_t kQ8BlockBytes = kQ8ScaleBytes + 2 * kQ8HalfBytes;

constexpr int64_t q8_blocks(int64_t k) { return (k + kQ8Places - 1) / kQ8Places; }

// Where the line has the weight of output 0..31 at the even (0) or odd (1) place. A word of four bytes is for outputs o and
// o + 16, even places before odd ones. The words lie so that interleaving 16-bit words of each 16 bytes with a constant, the
// cheapest way to widen them, makes the pairs of eight outputs in their order.
constexpr int64_t q8_byte(int64_t output, int64_t odd) {
  return output % 8 / 2 * 16 + output / 8 % 2 * 8 + output % 2 * 4 + odd * 2 + output / 16;
}

}  // namespace lockstep::kernels::cpu
