// SPDX-License-Identifier: Apache-2.0
// Inputs of the CPU kernels' tests and measurements: values that reach every corner of f32, arrays of either type.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu::test {

inline std::vector<Isa> all_isas() {
  std::vector<Isa> isas;
  for (int i = 0; i <= static_cast<int>(best_isa()); ++i) isas.push_back(static_cast<Isa>(i));
  return isas;
}

inline std::vector<float> normal_values(int64_t size, uint64_t seed, double scale = 1.0) {
  base::Random random(seed, "cpu kernel test");
  std::vector<float> values(static_cast<size_t>(size));
  for (float& x : values) x = static_cast<float>(scale * random.normal());
  return values;
}

// Normal values among which about one in eight is a NaN, an infinity, a zero of either sign, a denormal or an extreme.
inline std::vector<float> wild_values(int64_t size, uint64_t seed) {
  using Limits = std::numeric_limits<float>;
  const float special[] = {
      Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), 0.0f, -0.0f, Limits::denorm_min(), -1e-41f,
      Limits::min(),       Limits::max(),      -Limits::max()};
  base::Random random(seed, "cpu kernel test, wild");
  auto values = normal_values(size, seed);
  for (float& x : values)
    if (random.below(8) == 0) x = special[random.below(std::size(special))];
  return values;
}

// An array of either storage type. Two of them made from the same values start with the same bits.
class Array {
 public:
  Array(Dtype dtype, const std::vector<float>& values) : dtype_(dtype) {
    if (dtype == Dtype::f32) f32_ = values;
    for (const float x : values)
      if (dtype == Dtype::bf16)
        bf16_.push_back(static_cast<uint16_t>(x != x ? 0x7fc0 : std::bit_cast<uint32_t>(x) >> 16));
  }
  Dtype dtype() const { return dtype_; }
  void* at(int64_t i) { return dtype_ == Dtype::f32 ? static_cast<void*>(f32_.data() + i) : bf16_.data() + i; }
  void* data() { return at(0); }
  float value(int64_t i) const {
    const auto k = static_cast<size_t>(i);
    return dtype_ == Dtype::f32 ? f32_[k] : std::bit_cast<float>(uint32_t{bf16_[k]} << 16);
  }
  const std::vector<float>& f32() const { return f32_; }       // empty if bf16
  const std::vector<uint16_t>& bf16() const { return bf16_; }  // empty if f32

 private:
  Dtype dtype_;
  std::vector<float> f32_;
  std::vector<uint16_t> bf16_;
};

inline const char* dtype_name(Dtype dtype) { return dtype == Dtype::f32 ? "f32" : "bf16"; }
inline constexpr Dtype kDtypes[] = {Dtype::f32, Dtype::bf16};

// Widths that meet every tail, and a few whole rows.
inline std::vector<int64_t> odd_widths() {
  std::vector<int64_t> widths;
  for (int64_t w = 1; w <= 17; ++w) widths.push_back(w);
  for (const int64_t w : {31, 32, 33, 63, 100, 576}) widths.push_back(w);
  return widths;
}

}  // namespace lockstep::kernels::cpu::test
