// SPDX-License-Identifier: Apache-2.0
// Counter-based randomness: Philox4x32-10 (Salmon et al., SC 2011). No state to save: every draw is keyed by its
// meaning.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace lockstep::base {

// The raw bijection: counter and key to four 32-bit words.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Mixes a seed and a purpose ("corpus", "sampling", ...) and up to two more indices into one 64-bit key.
uint64_t derive_key(uint64_t seed, std::string_view purpose, uint64_t a = 0, uint64_t b = 0);

// (0, 1), never 0 and never 1: (2 bits + 1) / 2^33 cut to 24 significant bits.
float uniform_open(uint32_t bits);
// Standard Gumbel: -log(-log(1 - w)), w = uniform_open(bits), by log_f32 (base/log_f32.h): the same bits on every
// machine. 1 - w, because w is finest near 0: the upper tail, which decides Gumbel-max, reaches 22.9 at full resolution.
float gumbel(uint32_t bits);

// A sequential view for generators of data: the n-th draw depends only on (key, n).
class Random {
 public:
  explicit Random(uint64_t key) : key_(key) {}
  Random(uint64_t seed, std::string_view purpose, uint64_t a = 0, uint64_t b = 0)
      : Random(derive_key(seed, purpose, a, b)) {}
  uint32_t bits();
  uint64_t bits64();
  uint64_t below(uint64_t n);                  // uniform in [0, n), unbiased; n >= 1
  int64_t between(int64_t low, int64_t high);  // uniform in [low, high]
  double uniform();                            // [0, 1), 53 bits
  bool chance(double probability) { return uniform() < probability; }
  double normal();  // standard normal, Box-Muller on our own log/cos-free polar form

  template <class List>
  const auto& pick(const List& list) {
    return list[below(list.size())];
  }
  template <class List>
  void shuffle(List& list) {  // Fisher-Yates
    for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
  std::array<uint32_t, 4> block_{};
  int left_ = 0;
};

}  // namespace lockstep::base
