// SPDX-License-Identifier: Apache-2.0
// 8-bit weights in the lanes of every instruction set: each scale with each weight, and what is rounded to them.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/half.h"
#include "kernels/cpu/math_ref.h"
#include "tests/kernels/cpu/matmul_operands.h"
#include "tests/kernels/cpu/quants_table.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

const QuantsTable& table_of(Isa isa) {
  return table_of(isa, scalar::quants_functions, avx2::quants_functions, avx512f::quants_functions,
                  avx512bf16::quants_functions);
}

struct Words {
  std::array<uint32_t, 32> f32, widened;
  std::array<uint32_t, 16> pairs;
  bool operator==(const Words&) const = default;
};

Words words_of(Isa isa, const std::array<uint16_t, 16>& scales, const std::array<uint8_t, 32>& pairs) {
  Words words;
  table_of(isa).f32_words(scales.data(), pairs.data(), words.f32.data());
  table_of(isa).widened_words(scales.data(), pairs.data(), words.widened.data());
  table_of(isa).pair_words(scales.data(), pairs.data(), words.pairs.data());
  return words;
}

Words words_of_ref(const std::array<uint16_t, 16>& scales, const std::array<uint8_t, 32>& pairs) {
  Words words;
  for (size_t i = 0; i < 16; ++i) {
    const float scale = from_half(scales[i]);
    const float even = scale == 0 ? 0.0f : scale * static_cast<float>(pairs[2 * i] - 128),
                odd = scale == 0 ? 0.0f : scale * static_cast<float>(pairs[2 * i + 1] - 128);
    words.f32[i] = std::bit_cast<uint32_t>(even);
    words.f32[16 + i] = std::bit_cast<uint32_t>(odd);
    words.widened[i] = uint32_t{to_bf16_ref(odd)} << 16;
    words.widened[16 + i] = uint32_t{to_bf16_ref(even)} << 16;
    words.pairs[i] = to_bf16_ref(even) | words.widened[i];
  }
  return words;
}

}  // namespace

TEST_CASE("quants: every scale times every weight is exact as f32 and the nearest bf16, its zero positive") {
  const FloatMode mode;
  constexpr int kInfinity = 0x7c00;
  std::array<uint16_t, 16> scales;
  std::array<uint8_t, 32> pairs;
  for (const Isa isa : all_isas())
    for (int first = 0; first < kInfinity; first += 16) {
      // The slow plain loops take a part of the scales: all of a few exponents, denormals among them.
      if (isa == Isa::scalar && first >= 0x0c00 && first / 0x400 % 8 != 5) continue;
      for (size_t i = 0; i < 16; ++i) scales[i] = static_cast<uint16_t>(first + static_cast<int>(i));
      for (int u = 0; u < 256; u += 2) {
        for (size_t i = 0; i < 32; ++i)
          pairs[i] = static_cast<uint8_t>(u + static_cast<int>(i) % 2 + 34 * (static_cast<int>(i) / 2));
        REQUIRE(words_of(isa, scales, pairs) == words_of_ref(scales, pairs));
      }
    }
}

TEST_CASE("quants: numbers go to the nearest weight, from the middle away from zero") {
  const FloatMode mode;
  std::vector<float> numbers = {0.0f, -0.0f, 126.99999f, 127.0f, 127.00002f, -127.00002f};
  for (int i = -127; i < 127; ++i) {
    const float middle = static_cast<float>(i) + 0.5f;
    for (const float x : {middle, std::nextafter(middle, -200.0f), std::nextafter(middle, 200.0f)}) numbers.push_back(x);
  }
  Numbers random(3);
  while (numbers.size() % 32 || numbers.size() < 20000) numbers.push_back(127 * random.in_one());
  for (const Isa isa : all_isas())
    for (size_t at = 0; at < numbers.size(); at += 32) {
      std::array<uint8_t, 32> pairs;
      table_of(isa).store(&numbers[at], &numbers[at + 16], pairs.data());
      for (size_t i = 0; i < 16; ++i) {
        REQUIRE(pairs[2 * i] - 128 == std::round(numbers[at + i]));
        REQUIRE(pairs[2 * i + 1] - 128 == std::round(numbers[at + 16 + i]));
      }
    }
}

}  // namespace lockstep::kernels::cpu::test
