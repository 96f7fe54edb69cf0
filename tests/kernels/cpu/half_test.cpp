// SPDX-License-Identifier: Apache-2.0
// f16 against its definition, for every one of its values.
#include "kernels/cpu/half.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {
namespace {

// Of a finite, not negative f16: fraction * 2^(exponent - 25), where denormals have the least exponent and no implied bit.
double value(uint16_t half) {
  const int exponent = half >> 10, fraction = half & 0x3ff;
  return exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
}

constexpr uint16_t kLargest = 0x7bff, kInfinity = 0x7c00;

}  // namespace

TEST_CASE("half: every finite value is what its bits say, and comes back, also where denormals are flushed") {
  const FloatMode mode;
  for (uint16_t half = 0; half <= kLargest; ++half) {
    const auto negative = static_cast<uint16_t>(half | 0x8000u);
    REQUIRE(static_cast<double>(from_half(half)) == value(half));
    REQUIRE(from_half(negative) == -from_half(half));
    REQUIRE(std::signbit(from_half(negative)));
    REQUIRE(to_half(from_half(half)) == half);
    REQUIRE(to_half(from_half(negative)) == negative);
  }
}

TEST_CASE("half: a number goes to the nearest value, from the middle to the even one") {
  for (uint16_t half = 0; half < kLargest; ++half) {
    const auto next = static_cast<uint16_t>(half + 1);
    const auto middle = static_cast<float>((value(half) + value(next)) / 2);  // exact
    REQUIRE(to_half(middle) == (half % 2 == 0 ? half : next));
    REQUIRE(to_half(std::nextafter(middle, 0.0f)) == half);
    REQUIRE(to_half(std::nextafter(middle, 1e9f)) == next);
  }
}

TEST_CASE("half: infinity begins at 65520, NaN stays one") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(to_half(std::nextafter(65520.0f, 0.0f)) == kLargest);
  CHECK(to_half(65520.0f) == kInfinity);
  CHECK(to_half(-infinity) == 0xfc00);
  CHECK(from_half(kInfinity) == infinity);
  CHECK(from_half(0xfc00) == -infinity);
  CHECK((to_half(std::numeric_limits<float>::quiet_NaN()) & 0x7fff) > kInfinity);
  CHECK(std::isnan(from_half(0x7c01)));
  CHECK(to_half(std::numeric_limits<float>::denorm_min()) == 0);
}

}  // namespace lockstep::kernels::cpu
