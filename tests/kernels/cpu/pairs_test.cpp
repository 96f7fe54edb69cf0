// SPDX-License-Identifier: Apache-2.0
// The lanes' word operations on every instruction set: what they mean, and that bits pass through them untouched.
#include <doctest/doctest.h>

#include <array>

#include "kernels/cpu/dispatch.h"
#include "tests/kernels/cpu/matmul_operands.h"
#include "tests/kernels/cpu/pairs_table.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

using Words = std::array<uint32_t, 16>;

const PairsTable& table_of(Isa isa) {
  return table_of(isa, scalar::pairs_functions, avx2::pairs_functions, avx512f::pairs_functions,
                  avx512bf16::pairs_functions);
}

Words random_words(Numbers& numbers) {
  Words words;
  for (uint32_t& word : words) word = numbers.bits();
  words[3] = 0x7f817f81u;  // signalling NaN as f32 and as a pair
  return words;
}

uint32_t sum_of_products(uint32_t sum, uint32_t a, uint32_t b) {
  const auto f32 = [](uint32_t bits) { return std::bit_cast<float>(bits); };
  const float odd = std::fma(f32(a & 0xffff0000u), f32(b & 0xffff0000u), f32(sum));
  return std::bit_cast<uint32_t>(std::fma(f32(a << 16), f32(b << 16), odd));
}

}  // namespace

TEST_CASE("pairs: pairs are taken apart, put together and turned round without touching a bit") {
  Numbers numbers(2);
  for (const Isa isa : all_isas()) {
    const PairsTable& words = table_of(isa);
    const Words a = random_words(numbers);
    Words odd, even, both, swapped, first;
    words.odd_of_pairs(a.data(), odd.data());
    words.even_of_pairs(a.data(), even.data());
    words.pairs_of(even.data(), odd.data(), both.data());
    words.swap_neighbours(a.data(), swapped.data());
    words.broadcast_word(&a[3], first.data());
    for (size_t i = 0; i < 16; ++i) {
      CHECK(odd[i] == (a[i] & 0xffff0000u));
      CHECK(even[i] == a[i] << 16);
      CHECK(swapped[i] == a[i ^ 1]);
      CHECK(first[i] == a[3]);
    }
    CHECK(both == a);
  }
}

TEST_CASE("pairs: a block of 16 by 16 is transposed") {
  std::array<uint32_t, 256> from, to;
  for (uint32_t i = 0; i < 256; ++i) from[i] = i;
  for (const Isa isa : all_isas()) {
    table_of(isa).transpose_words(from.data(), to.data());
    for (uint32_t i = 0; i < 256; ++i) CHECK(to[i] == i % 16 * 16 + i / 16);
  }
}

TEST_CASE("pairs: a step of a bf16 dot product is two fused multiply-adds, the odd elements first, without denormals") {
  const FloatMode mode;
  Numbers numbers(6);
  for (int round = 0; round < 2000; ++round) {
    const Words sum = random_words(numbers), a = random_words(numbers), b = random_words(numbers);
    for (const Isa isa : all_isas()) {
      Words result;
      table_of(isa).pair_dot(sum.data(), a.data(), b.data(), result.data());
      for (size_t i = 0; i < 16; ++i) {
        const uint32_t expected = sum_of_products(sum[i], a[i], b[i]);
        REQUIRE(same_bits(std::bit_cast<float>(result[i]), std::bit_cast<float>(expected)));
      }
    }
  }
}

}  // namespace lockstep::kernels::cpu::test
