// SPDX-License-Identifier: Apache-2.0
// Philox against the published vectors; the logarithm and the Gumbel noise against libm's double precision.
#include "base/rng.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "base/log_f32.h"
#include "tests/base/error_of.h"

namespace lockstep::base {
namespace {

// |actual - exact| in units of 2^-24 of |exact|, half the spacing of f32 at the top of a binade.
double relative_error(float actual, double exact) {
  return std::abs(static_cast<double>(actual) - exact) / std::abs(exact) * 0x1p24;
}

TEST_CASE("rng: Philox4x32-10 gives the known answers of Random123") {
  using Words = std::array<uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("rng: a key depends on seed, purpose and both indices") {
  const std::vector<uint64_t> keys = {derive_key(1, "corpus"),
                                      derive_key(2, "corpus"),
                                      derive_key(1, "sampling"),
                                      derive_key(1, "corpus", 1),
                                      derive_key(1, "corpus", 0, 1),
                                      derive_key(1, "corpus", uint64_t{1} << 32),
                                      derive_key(uint64_t{1} << 32 | 1, "corpus"),
                                      derive_key(1, "")};
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) CHECK(keys[i] != keys[j]);
  }
  CHECK(derive_key(7, "sampling", 3, 5) == derive_key(7, "sampling", 3, 5));
}

TEST_CASE("rng: uniform_open is monotone, inside (0, 1), and cuts to 24 bits") {
  CHECK(uniform_open(0) == 0x1p-33f);
  CHECK(uniform_open(~0u) == 1.0f - 0x1p-24f);
  float last = 0;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 65521) {
    const float u = uniform_open(static_cast<uint32_t>(bits));
    const double exact = (2.0 * static_cast<double>(bits) + 1) * 0x1p-33;
    CHECK_UNARY(u > last && u <= exact && u > exact * (1 - 0x1p-23));
    last = u;
  }
}

TEST_CASE("rng: log_f32 is within 2 units of 2^-24 of the exact logarithm") {
  double worst = 0;
  for (uint32_t bits = 0x00800000; bits < 0x7f800000; bits += 1009) {  // all positive normal binades
    const auto x = std::bit_cast<float>(bits);
    if (x != 1.0f) worst = std::max(worst, relative_error(log_f32(x), std::log(static_cast<double>(x))));
  }
  for (uint32_t bits = 0x3f7f0000; bits < 0x3f810000; ++bits) {  // every float around 1, where log crosses 0
    const auto x = std::bit_cast<float>(bits);
    if (x != 1.0f) worst = std::max(worst, relative_error(log_f32(x), std::log(static_cast<double>(x))));
  }
  CAPTURE(worst);
  CHECK(worst < 2.0);
  CHECK(log_f32(1.0f) == 0.0f);
}

TEST_CASE("rng: gumbel equals -log(-log(1 - u)) in f64 to f32 precision over its whole domain") {
  double worst = 0;
  const auto compare = [&](uint32_t bits) {
    const double exact = -std::log(-std::log1p(-static_cast<double>(uniform_open(bits))));
    // Near its zero at u = 1 - 1/e the noise carries the absolute error of the inner logarithm.
    worst = std::max(worst, std::abs(gumbel(bits) - exact) / std::max(1.0, std::abs(exact)) * 0x1p24);
  };
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 2039) compare(static_cast<uint32_t>(bits));
  for (uint32_t i = 0; i < 100'000; ++i) compare(i), compare(~i), compare(0xA1D1C1A0 + i);
  CAPTURE(worst);
  CHECK(worst < 4.0);
}

TEST_CASE("rng: gumbel is finite, falls with its bits, and keeps known bit patterns") {
  CHECK(gumbel(0) > 22.8f);
  CHECK(gumbel(0) < 22.9f);
  CHECK(gumbel(~0u) < -2.8f);
  CHECK(gumbel(~0u) > -2.9f);
  int rises = 0;
  for (uint32_t i = 1; i < 4096; ++i) rises += gumbel(i << 20) > gumbel((i - 1) << 20);
  CHECK(rises == 0);
  // The numeric contract: these may never change, on no machine.
  uint64_t hash = 0;
  for (uint32_t i = 0; i < 10'000; ++i)
    hash = hash * 0x9e3779b97f4a7c15 + std::bit_cast<uint32_t>(gumbel(i * 429'497u));
  CHECK(hash == 10269213970098346670u);
}

TEST_CASE("rng: Gumbel-max picks classes with their probabilities") {
  const std::vector<double> probability = {0.5, 0.3, 0.15, 0.05};
  std::vector<int> counts(probability.size());
  Random random(5, "gumbel-max");
  const int draws = 40'000;
  for (int n = 0; n < draws; ++n) {
    size_t best = 0;
    double top = -1e9;
    for (size_t i = 0; i < probability.size(); ++i) {
      const double value = std::log(probability[i]) + gumbel(random.bits());
      if (value > top) top = value, best = i;
    }
    ++counts[best];
  }
  for (size_t i = 0; i < probability.size(); ++i) {
    const double sigma = std::sqrt(draws * probability[i] * (1 - probability[i]));
    CHECK(std::abs(counts[i] - draws * probability[i]) < 5 * sigma);
  }
}

TEST_CASE("rng: below is unbiased and stays below") {
  Random random(6, "below");
  std::map<uint64_t, int> counts;
  for (int i = 0; i < 60'000; ++i) ++counts[random.below(6)];
  CHECK(counts.size() == 6);
  for (const auto& [value, count] : counts) CHECK(std::abs(count - 10'000) < 5 * std::sqrt(60'000 * 5.0 / 36));
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
  const uint64_t three_quarters = 3 * (uint64_t{1} << 62);  // a modulo without rejection doubles the lowest third
  int low = 0;
  for (int i = 0; i < 3000; ++i) low += random.below(three_quarters) < (uint64_t{1} << 62);
  CHECK(std::abs(low - 1000) < 5 * std::sqrt(3000 * 2.0 / 9));
}

TEST_CASE("rng: between covers both ends and the whole of int64") {
  Random random(7, "between");
  std::map<int64_t, int> counts;
  for (int i = 0; i < 1000; ++i) ++counts[random.between(-2, 2)];
  CHECK(counts.size() == 5);
  CHECK(counts.begin()->first == -2);
  int negative = 0;
  for (int i = 0; i < 1000; ++i) negative += random.between(INT64_MIN, INT64_MAX) < 0;
  CHECK(std::abs(negative - 500) < 80);
  CHECK(random.between(INT64_MAX, INT64_MAX) == INT64_MAX);
}

TEST_CASE("rng: uniform and normal have the right moments") {
  Random random(8, "moments");
  const int draws = 100'000;
  double sum = 0, normal_sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < draws; ++i) {
    const double u = random.uniform();
    CHECK_UNARY(u >= 0 && u < 1);
    sum += u;
    const double z = random.normal();
    normal_sum += z, squares += z * z, fourth += z * z * z * z;
  }
  CHECK(std::abs(sum / draws - 0.5) < 5 * std::sqrt(1.0 / 12 / draws));
  CHECK(std::abs(normal_sum / draws) < 5 / std::sqrt(draws));
  CHECK(std::abs(squares / draws - 1) < 5 * std::sqrt(2.0 / draws));
  CHECK(std::abs(fourth / draws - 3) < 5 * std::sqrt(96.0 / draws));
}

TEST_CASE("rng: normal draws keep known bit patterns") {
  Random random(9, "golden");
  uint64_t hash = 0;
  for (int i = 0; i < 10'000; ++i) hash = hash * 0x9e3779b97f4a7c15 + std::bit_cast<uint64_t>(random.normal());
  CHECK(hash == 4908973759050557643u);
}

TEST_CASE("rng: the same key gives the same sequence, another key another") {
  Random a(1, "x", 2, 3), b(1, "x", 2, 3), c(1, "x", 2, 4);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const uint32_t bits = a.bits();
    CHECK(bits == b.bits());
    equal += bits == c.bits();
  }
  CHECK(equal < 3);
}

TEST_CASE("rng: shuffle permutes, and every order is as likely as another") {
  Random random(10, "shuffle");
  std::map<std::vector<int>, int> orders;
  for (int i = 0; i < 12'000; ++i) {
    std::vector<int> list = {0, 1, 2, 3};
    random.shuffle(list);
    ++orders[list];
  }
  CHECK(orders.size() == 24);
  for (const auto& [order, count] : orders) CHECK(std::abs(count - 500) < 5 * std::sqrt(500.0));
}

TEST_CASE("rng: an empty range is a broken internal rule") {
  const Error zero = error_of([] { Random(1).below(0); });
  CHECK(contains(zero.what_happened(), "n >= 1"));
  CHECK(contains(zero.where(), "rng.cpp:"));
  CHECK(contains(zero.fix(), "report it"));
  CHECK(contains(error_of([] { Random(1).between(2, 1); }).what_happened(), "between(2, 1)"));
}

}  // namespace
}  // namespace lockstep::base
