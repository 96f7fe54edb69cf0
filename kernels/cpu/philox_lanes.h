// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 (Salmon et al., SC 2011) for sixteen counters at once: the words of 64 neighbouring vocabulary entries.
#pragma once

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/noise.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int64_t kNoiseBlock = 64;

class PhiloxLanes {
 public:
  explicit PhiloxLanes(const NoiseSource& source)
      : key_(source.key), position_(static_cast<uint64_t>(source.position)) {}

  // out[0..3]: the words of entries `first` .. first + 63, in order. `first` is a multiple of 4.
  void block(int64_t first, Words* out) const {
    // Word 4 k + j of the counters is counter 4 j + k, so that a 4 x 4 transposition leaves the entries in order.
    alignas(64) static constexpr uint32_t kOrder[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    Words a = Words::broadcast(low(static_cast<uint64_t>(first) / 4)) + Words::load(kOrder);
    Words b = Words::broadcast(low(position_)), c = Words::broadcast(low(position_ >> 32)), d = Words::broadcast(0);
    uint32_t key0 = low(key_), key1 = low(key_ >> 32);
    for (int round = 0; round < 10; ++round) {
      Words high0, low0, high1, low1;
      multiply(a, 0xd2511f53u, high0, low0);
      multiply(c, 0xcd9e8d57u, high1, low1);
      a = high1 ^ b ^ Words::broadcast(key0);
      b = low1;
      c = high0 ^ d ^ Words::broadcast(key1);
      d = low0;
      key0 += 0x9e3779b9u;
      key1 += 0xbb67ae85u;
    }
    transpose_fours(a, b, c, d, out);
  }

 private:
  static uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }

  uint64_t key_, position_;
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
