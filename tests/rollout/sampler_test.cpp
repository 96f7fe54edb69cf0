// SPDX-License-Identifier: Apache-2.0
// The sampler against its scalar definition, and its draws against the distribution they are said to come from.
#include "rollout/sampler.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/rng.h"
#include "rollout/exp_f32.h"
#include "kernels/cpu/noise.h"
#include "rollout/noise.h"

namespace lockstep::rollout {
namespace {

std::vector<float> random_logits(int64_t size, double spread, uint64_t seed) {
  base::Random random(seed, "logits");
  std::vector<float> logits;
  for (int64_t i = 0; i < size; ++i) logits.push_back(static_cast<float>(spread * random.normal()));
  return logits;
}

// Pearson's statistic of `num_draws` draws against softmax(logits) over the entries of `support`.
double chi_square(const std::vector<float>& logits,
                  const SamplingConfig& config,
                  const std::vector<bool>& support,
                  int num_draws) {
  const auto size = static_cast<int64_t>(logits.size());
  Sampler sampler(config, size);
  std::vector<int> counts(logits.size(), 0);
  for (int i = 0; i < num_draws; ++i)
    ++counts[static_cast<size_t>(sampler.draw(logits.data(), noise_key(5, 9, i % 100), i / 100)->id)];
  double total = 0, statistic = 0;
  for (size_t i = 0; i < logits.size(); ++i) total += support[i] ? std::exp(static_cast<double>(logits[i])) : 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!support[i]) {
      CHECK(counts[i] == 0);
      continue;
    }
    const double expected = std::exp(static_cast<double>(logits[i])) / total * num_draws;
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return statistic;
}

TEST_CASE("exp_f32: two units of 2^-24 at most, exact at its ends") {
  double worst = 0;
  for (int i = 0; i <= 870000; ++i) {
    const float x = static_cast<float>(-i) * 1e-4f;
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(static_cast<double>(exp_f32(x)) - exact) / exact);
  }
  CHECK(worst < 2 * 0x1p-24);
  CHECK(exp_f32(0.0f) == 1.0f);
  CHECK(exp_f32(-0.0f) == 1.0f);
  CHECK(exp_f32(-88.0f) == 0.0f);
  CHECK(exp_f32(-std::numeric_limits<float>::infinity()) == 0.0f);
}

TEST_CASE("noise: the kernels' words are what the definition gives entry by entry") {
  const uint64_t key = noise_key(1, 2, 3);
  constexpr int64_t kCount = 256;
  uint32_t bits[kCount];
  for (const int64_t first : {int64_t{0}, int64_t{4}, int64_t{49152}}) {
    kernels::cpu::noise_words({key, 77}, first, kCount, bits);
    for (int64_t i = 0; i < kCount; ++i) CHECK(bits[i] == noise_bits(key, 77, first + i));
  }
  CHECK(noise_bits(key, 77, 5) != noise_bits(key, 78, 5));
  CHECK(noise_key(1, 2, 3) != noise_key(1, 2, 4));
  CHECK(noise_key(1, 2, 3) != noise_key(1, 3, 3));
  CHECK(noise_key(1, 2, 3) != noise_key(2, 2, 3));
}

TEST_CASE("sampler: the id is that of the definition, the log-probability within 2e-6 of it") {
  for (const double temperature : {1.0, 0.0})
    for (const int64_t size : {1, 15, 256, 257, 3001, 49152})
      for (const double spread : {0.0, 0.01, 1.0, 8.0, 60.0}) {
        SamplingConfig config;
        config.temperature = temperature;
        Sampler sampler(config, size);
        const auto logits = random_logits(size, spread, static_cast<uint64_t>(size));
        const int repeats = size > 10000 ? 3 : 40;
        for (int i = 0; i < repeats; ++i) {
          const auto draw = sampler.draw(logits.data(), 11, i), expected = draw_ref(logits.data(), size, config, 11, i);
          CHECK(draw->id == expected->id);
          CHECK(std::abs(draw->logprob - expected->logprob) <= 2e-6f * std::max(1.0f, std::abs(expected->logprob)));
        }
      }
}

TEST_CASE("sampler: truncated draws are those of the definition") {
  const std::vector<SamplingConfig> configs{{.top_k = 1},
                                            {.top_k = 7},
                                            {.top_p = 0.0},
                                            {.top_p = 0.3},
                                            {.top_p = 0.95},
                                            {.min_p = 0.2},
                                            {.top_k = 50, .top_p = 0.7, .min_p = 0.01},
                                            {.min_p = 1.0}};
  for (const auto& config : configs)
    for (const double spread : {0.0, 1.0, 5.0})
      for (int i = 0; i < 50; ++i) {
        const auto logits = random_logits(300, spread, static_cast<uint64_t>(i));
        Sampler sampler(config, 300);
        const auto draw = sampler.draw(logits.data(), 12, i), expected = draw_ref(logits.data(), 300, config, 12, i);
        CHECK(draw->id == expected->id);
        CHECK(std::abs(draw->logprob - expected->logprob) <= 2e-6f * std::max(1.0f, std::abs(expected->logprob)));
      }
}

TEST_CASE("sampler: 1e5 draws follow the softmax") {
  const auto logits = random_logits(50, 1.5, 1);
  // 49 degrees of freedom: the statistic exceeds 85.4 once in a thousand seeds.
  CHECK(chi_square(logits, {}, std::vector<bool>(50, true), 100000) < 85.4);
}

TEST_CASE("sampler: draws after top-k follow the softmax over the k largest") {
  auto logits = random_logits(50, 1.5, 1);
  std::vector<size_t> order(50);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  std::vector<bool> support(50, false);
  for (size_t i = 0; i < 10; ++i) support[order[i]] = true;
  SamplingConfig config;
  config.top_k = 10;
  CHECK(chi_square(logits, config, support, 100000) < 27.9);  // 9 degrees of freedom, once in a thousand
}

TEST_CASE("sampler: ties go to the lowest index when greedy") {
  std::vector<float> logits(700, -1.0f);
  logits[300] = logits[400] = logits[650] = 2.0f;
  SamplingConfig config;
  config.temperature = 0;
  CHECK(Sampler(config, 700).draw(logits.data(), 1, 1)->id == 300);
}

TEST_CASE("sampler: no draw from logits that are not numbers") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, inf})
    for (const size_t at : {size_t{0}, size_t{17}, size_t{39}}) {
      std::vector<float> logits(40, 1.0f);
      logits[at] = bad;
      CHECK_FALSE(Sampler({}, 40).draw(logits.data(), 1, 1));
      CHECK_FALSE(draw_ref(logits.data(), 40, {}, 1, 1));
    }
  std::vector<float> logits(40, -inf);
  CHECK_FALSE(Sampler({}, 40).draw(logits.data(), 1, 1));
  CHECK_FALSE(draw_ref(logits.data(), 40, {}, 1, 1));
  logits[23] = -5.0f;
  CHECK(Sampler({}, 40).draw(logits.data(), 1, 1)->id == 23);
  CHECK(Sampler({}, 40).draw(logits.data(), 1, 1)->logprob == 0.0f);
}

}  // namespace
}  // namespace lockstep::rollout
