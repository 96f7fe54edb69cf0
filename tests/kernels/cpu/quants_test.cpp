// SPDX-License-Identifier: Apache-2.0
// 8-bit weights in the lanes of every instruction set: each scale with each weight, and what is rounded to them.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/half.h"
#include "kernels/cpu/math_ref.h"
#include "kernels/cpu/q8_layout.h"
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

using Scales = std::array<uint16_t, 16>;
using Line = std::array<uint8_t, 64>;

Words words_of(Isa isa, const Scales& scales, const Line& line, int v) {
  Words words;
  table_of(isa).f32_words(scales.data(), line.data(), v, words.f32.data());
  table_of(isa).widened_words(scales.data(), line.data(), v, words.widened.data());
  table_of(isa).pair_words(scales.data(), line.data(), v, words.pairs.data());
  return words;
}

Words words_of_ref(const Scales& scales, const Line& line, int v) {
  Words words;
  for (size_t i = 0; i < 16; ++i) {
    const float scale = from_half(scales[i]);
    const auto weight = [&](int64_t odd) {
      const int q = line[static_cast<size_t>(q8_byte(16 * v + static_cast<int64_t>(i), odd))] - 128;
      return scale == 0 ? 0.0f : scale * static_cast<float>(q);
    };
    const float even = weight(0), odd = weight(1);
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
  Scales scales;
  Line line;
  for (const Isa isa : all_isas())
    for (int first = 0; first < kInfinity; first += 16) {
      // The slow plain loops take a part of the scales: all of a few exponents, denormals among them.
      if (isa == Isa::scalar && first >= 0x0c00 && first / 0x400 % 8 != 5) continue;
      for (size_t i = 0; i < 16; ++i) scales[i] = static_cast<uint16_t>(first + static_cast<int>(i));
      for (int u = 0; u < 256; ++u) {
        // Over all u each output sees each byte at both places; the 64 bytes of a line differ.
        for (int64_t i = 0; i < 32; ++i)
          for (int64_t odd = 0; odd < 2; ++odd)
            line[static_cast<size_t>(q8_byte(i, odd))] = static_cast<uint8_t>(u + 36 * i + 101 * odd);
        for (const int v : {0, 1}) REQUIRE(words_of(isa, scales, line, v) == words_of_ref(scales, line, v));
      }
    }
}

TEST_CASE("quants: numbers go to the nearest weight, from the middle away from zero") {
  const FloatMode mode;
  std::vector<float> numbers = {0.0f, -0.0f, 126.99999f, 127.0f, 127.00002f, -127.00002f};
  for (int i = -127; i < 127; ++i) {
    const float middle = static_cast<float>(i) + 0.5f;
    for (const float x : {middle, std::nextafter(middle, -200.0f), std::nextafter(middle, 200.0f)})
      numbers.push_back(x);
  }
  Numbers random(3);
  while (numbers.size() % 64 || numbers.size() < 20000) numbers.push_back(127 * random.in_one());
  for (const Isa isa : all_isas())
    for (size_t at = 0; at < numbers.size(); at += 64) {
      Line line;
      table_of(isa).store(&numbers[at], &numbers[at + 32], line.data());
      for (size_t i = 0; i < 32; ++i)
        for (size_t odd = 0; odd < 2; ++odd)
          REQUIRE(line[static_cast<size_t>(q8_byte(static_cast<int64_t>(i), static_cast<int64_t>(odd)))] - 128 ==
                  std::round(numbers[at + 32 * odd + i]));
    }
}

}  // namespace lockstep::kernels::cpu::test
