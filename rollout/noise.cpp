// SPDX-License-Identifier: Apache-2.0
// Philox for a block of vocabulary entries: the same function as base::philox4x32, written across counters.
#include "rollout/noise.h"

#include "base/rng.h"

namespace lockstep::rollout {
namespace {

constexpr int kCounters = static_cast<int>(kNoiseBlock / 4);

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

void noise_block(uint64_t key, int64_t position, int64_t first, uint32_t* bits) {
  constexpr uint64_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57;
  constexpr uint32_t kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;
  uint32_t a[kCounters], b[kCounters], c[kCounters], d[kCounters];
  const auto counter = low_half(static_cast<uint64_t>(first) / 4);
  for (int i = 0; i < kCounters; ++i) {
    a[i] = counter + static_cast<uint32_t>(i);
    b[i] = low_half(static_cast<uint64_t>(position));
    c[i] = high_half(static_cast<uint64_t>(position));
    d[i] = 0;
  }
  uint32_t key0 = low_half(key), key1 = high_half(key);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kCounters; ++i) {
      const uint64_t product0 = kMultiplier0 * a[i], product1 = kMultiplier1 * c[i];
      a[i] = high_half(product1) ^ b[i] ^ key0;
      b[i] = low_half(product1);
      c[i] = high_half(product0) ^ d[i] ^ key1;
      d[i] = low_half(product0);
    }
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  for (int i = 0; i < kCounters; ++i) {
    bits[4 * i] = a[i];
    bits[4 * i + 1] = b[i];
    bits[4 * i + 2] = c[i];
    bits[4 * i + 3] = d[i];
  }
}

}  // namespace lockstep::rollout
