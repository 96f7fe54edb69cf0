// SPDX-License-Identifier: Apache-2.0
// Equality of bits, as the CPU kernels promise it, and their inputs.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/kernels/cpu/values.h"

namespace lockstep::kernels::cpu::test {

// The payload and sign of a NaN are no part of the contract: x86 picks them by operand order, which compilers may swap.
inline bool same_bits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a != a && b != b);
}
inline bool same_bits(uint16_t a, uint16_t b) { return a == b || ((a & 0x7fff) > 0x7f80 && (b & 0x7fff) > 0x7f80); }
inline bool same_bits(int64_t a, int64_t b) { return a == b; }

// The first place where two results differ in their bits, or -1.
template <class T>
int64_t first_difference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return 0;
  for (size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return static_cast<int64_t>(i);
  return -1;
}

inline double shown(float x) { return x; }
inline double shown(uint16_t x) { return std::bit_cast<float>(uint32_t{x} << 16); }
inline int64_t shown(int64_t x) { return x; }

// One assertion for a whole array, naming the first element that differs.
template <class T>
void check_same(const std::vector<T>& got, const std::vector<T>& wanted, const std::string& what) {
  REQUIRE(got.size() == wanted.size());
  if (const int64_t place = first_difference(got, wanted); place >= 0) {
    const auto i = static_cast<size_t>(place);
    FAIL_CHECK(cat(what, ": element ", i, " of ", got.size(), " is ", shown(got[i]), ", wanted ", shown(wanted[i])));
    return;
  }
  CHECK(true);
}

inline void check_same(const Array& got, const Array& wanted, const std::string& what) {
  check_same(got.f32(), wanted.f32(), what);
  check_same(got.bf16(), wanted.bf16(), what);
}

}  // namespace lockstep::kernels::cpu::test
