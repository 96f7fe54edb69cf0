// SPDX-License-Identifier: Apache-2.0
// Sampling noise: the words of base/rng.h, and the winner of a race in which every entry's noise is computed.
#include "kernels/cpu/noise_ref.h"

#include <algorithm>

#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

NoiseSource source_of(uint64_t seed) {
  base::Random random(seed, "noise test");
  return {random.bits64(), static_cast<int64_t>(seed % 3 == 0 ? random.bits64() >> 1 : random.below(100'000))};
}

// Rows as models give them: flat, peaked, with ties, with -inf and NaN.
std::vector<float> some_row(int64_t size, uint64_t seed) {
  auto row = seed % 4 == 3 ? wild_values(size, seed) : normal_values(size, seed, seed % 4 == 0 ? 0.1 : 8.0);
  if (seed % 4 == 2)
    for (float& x : row) x = std::nearbyint(x / 4);
  return row;
}

}  // namespace

TEST_CASE("noise: words of any stretch are base::philox4x32's") {
  uint64_t seed = 0;
  for (const int64_t first : {int64_t{0}, int64_t{4}, int64_t{60}, int64_t{49'152}, (int64_t{1} << 33) - 64})
    for (const int64_t count : {0, 1, 3, 63, 64, 65, 200}) {
      const NoiseSource source = source_of(++seed);
      std::vector<uint32_t> wanted(static_cast<size_t>(count) + 1, 5);
      noise_words_ref(source, first, count, wanted.data());
      for (const Isa isa : all_isas()) {
        std::vector<uint32_t> got(wanted.size(), 5);
        noise_words(source, first, count, got.data(), isa);
        CHECK(got == wanted);
      }
    }
}

TEST_CASE("noise: gumbel_argmax finds the winner of the whole race, whole and in parts") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto size = static_cast<int64_t>(1 + seed * 7 % 700);
    const auto row = some_row(size, seed);
    const NoiseSource source = source_of(seed);
    const float temperature = seed % 2 == 0 ? 1.0f : 0.7f;
    const NoisyRow whole{row.data(), 0, size, temperature};
    BestEntry wanted;
    gumbel_argmax_ref(whole, source, wanted);
    for (const Isa isa : all_isas()) {
      BestEntry got;
      gumbel_argmax(whole, source, got, isa);
      CHECK(same_bits(got.score, wanted.score));
      CHECK(got.index == wanted.index);
      const int64_t cut = size / 8 * 4;  // the second part first
      BestEntry parts;
      gumbel_argmax({row.data() + cut, cut, size - cut, whole.temperature}, source, parts, isa);
      gumbel_argmax({row.data(), 0, cut, whole.temperature}, source, parts, isa);
      CHECK(parts.index == wanted.index);
    }
  }
}

TEST_CASE("noise: the winner is drawn from the softmax") {
  const float logits[3] = {0.0f, 1.0f, -0.5f};
  const double weights[3] = {1.0, std::exp(1.0), std::exp(-0.5)}, total = weights[0] + weights[1] + weights[2];
  int64_t counts[3] = {};
  constexpr int64_t kDraws = 60'000;
  for (int64_t position = 0; position < kDraws; ++position) {
    BestEntry best;
    gumbel_argmax({logits, 0, 3, 1.0f}, {42, position}, best);
    ++counts[best.index];
  }
  for (int i = 0; i < 3; ++i) {
    const double p = weights[i] / total, deviation = std::sqrt(kDraws * p * (1 - p));
    CHECK(std::abs(static_cast<double>(counts[i]) - kDraws * p) <= 4.5 * deviation);
  }
}

TEST_CASE("noise: the smallest and the largest draws stay below the bound that spares their computation") {
  for (const uint32_t word : {0u, 1u, 255u, 256u, 257u, 511u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(base::gumbel(word) < 23.0f);
}

TEST_CASE("noise: a row without a number to choose leaves the best entry alone") {
  const std::vector<float> none(70, std::numeric_limits<float>::quiet_NaN()), lowest(70, -kInfinity);
  for (const Isa isa : all_isas())
    for (const auto& row : {none, lowest}) {
      BestEntry best;
      gumbel_argmax({row.data(), 0, 70, 1.0f}, {1, 2}, best, isa);
      CHECK(best.score == -kInfinity);
      argmax(row.data(), 0, 70, best, isa);
      CHECK(best.score == -kInfinity);
      CHECK(best.index == 0);
    }
}

TEST_CASE("noise: argmax is the lowest index of the largest logit") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto size = static_cast<int64_t>(1 + seed);
    const auto row = some_row(size, seed);
    BestEntry wanted;
    argmax_ref(row.data(), 0, size, wanted);
    for (const Isa isa : all_isas()) {
      BestEntry got;
      argmax(row.data() + size / 2, size / 2, size - size / 2, got, isa);
      argmax(row.data(), 0, size / 2, got, isa);
      CHECK(same_bits(got.score, wanted.score));
      CHECK(got.index == wanted.index);
    }
  }
}

}  // namespace lockstep::kernels::cpu::test
