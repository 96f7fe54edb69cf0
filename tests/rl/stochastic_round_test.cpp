// SPDX-License-Identifier: Apache-2.0
// Stochastic rounding: exact values stay, the mean is right, the noise is a function of key and place.
#include "rl/stochastic_round.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace lockstep::test {
namespace {

float rounded(float x, uint64_t key, int64_t place = 0) {
  uint16_t out = 0;
  rl::round_stochastically(&x, &out, 1, key, place);
  return std::bit_cast<float>(uint32_t{out} << 16);
}

}  // namespace

TEST_CASE("stochastic rounding: what bf16 can hold stays, and so do infinities and NaN") {
  for (float x : {0.0f, -0.0f, 1.0f, -2.5f, 0x1p-126f, 3.0e38f})
    for (uint64_t key = 0; key < 50; ++key) {
      const float exact = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000U);
      CHECK(std::bit_cast<uint32_t>(rounded(exact, key)) == std::bit_cast<uint32_t>(exact));
    }
  for (uint64_t key = 0; key < 50; ++key) {
    CHECK(rounded(std::numeric_limits<float>::infinity(), key) == std::numeric_limits<float>::infinity());
    CHECK(std::isnan(rounded(std::bit_cast<float>(0x7f800001U), key)));
  }
}

TEST_CASE("stochastic rounding: one of the two neighbours, and on average the value itself") {
  base::Random random(1, "stochastic");
  for (int i = 0; i < 20; ++i) {
    const auto x = static_cast<float>(random.normal());
    const float low = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000U);
    const float high = std::bit_cast<float>((std::bit_cast<uint32_t>(x) & 0xffff0000U) + 0x10000U);
    double sum = 0;
    constexpr int kDraws = 20000;
    for (uint64_t key = 0; key < kDraws; ++key) {
      const float y = rounded(x, base::derive_key(key, "test"), i);
      CHECK_MESSAGE((y == low || y == high), x);
      sum += static_cast<double>(y);
    }
    // Five standard errors of a draw between two values one spacing apart.
    CHECK(std::abs(sum / kDraws - static_cast<double>(x)) < 5 * 0.5 * std::abs(static_cast<double>(high - low)) / std::sqrt(kDraws));
  }
}

TEST_CASE("stochastic rounding: places have noise of their own, however a stretch is cut") {
  std::vector<float> values(1000, 1.001f);
  std::vector<uint16_t> whole(1000), parts(1000);
  rl::round_stochastically(values.data(), whole.data(), 1000, 9, 50);
  rl::round_stochastically(values.data(), parts.data(), 300, 9, 50);
  rl::round_stochastically(values.data() + 300, parts.data() + 300, 700, 9, 350);
  CHECK(whole == parts);
  int up = 0;
  for (const uint16_t v : whole) up += v != whole[0] ? 1 : 0;
  CHECK(up > 50);
  CHECK(up < 950);
}

}  // namespace lockstep::test
