// SPDX-License-Identifier: Apache-2.0
// Top-k by selection, top-p by selection on probability mass, min-p by a threshold.
#include "rollout/truncation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lockstep::rollout {
namespace {

using Iterator = std::vector<int32_t>::iterator;

struct Ranking {
  const float* logits;
  const float* weights;
  bool operator()(int32_t a, int32_t b) const { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; }
  int64_t units(int32_t i) const { return static_cast<int64_t>(weights[i] * 0x1p40f); }
  int64_t mass(Iterator begin, Iterator end) const {
    return std::accumulate(begin, end, int64_t{0}, [&](int64_t sum, int32_t i) { return sum + units(i); });
  }
};

int64_t mass_to_keep(int64_t total, double top_p) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(top_p * static_cast<double>(total))));
}

// Length of the shortest beginning whose mass reaches `target`: quickselect on mass, halving [low, high).
int64_t select_mass(std::vector<int32_t>& order, int64_t target, const Ranking& ranking) {
  auto low = order.begin(), high = order.end();
  int64_t before = 0;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high, ranking);
    const int64_t left = ranking.mass(low, middle);
    if (before + left >= target) {
      high = middle;
    } else {
      before += left;
      low = middle;
    }
  }
  return high - order.begin();
}

}  // namespace

bool truncates(const SamplingConfig& config) { return config.top_k > 0 || config.top_p < 1 || config.min_p > 0; }

void truncate(
    const float* logits, const float* weights, int64_t size, const SamplingConfig& config, std::vector<int32_t>& kept) {
  const Ranking ranking{logits, weights};
  kept.resize(static_cast<size_t>(size));
  std::iota(kept.begin(), kept.end(), 0);
  if (config.top_k > 0 && config.top_k < size) {
    std::nth_element(kept.begin(), kept.begin() + config.top_k - 1, kept.end(), ranking);
    kept.resize(static_cast<size_t>(config.top_k));
  }
  if (config.top_p < 1) {
    const int64_t target = mass_to_keep(ranking.mass(kept.begin(), kept.end()), config.top_p);
    kept.resize(static_cast<size_t>(select_mass(kept, target, ranking)));
  }
  if (config.min_p > 0) std::erase_if(kept, [&](int32_t i) { return static_cast<double>(weights[i]) < config.min_p; });
}

std::vector<int32_t> truncate_ref(const float* logits,
                                  const float* weights,
                                  int64_t size,
                                  const SamplingConfig& config) {
  const Ranking ranking{logits, weights};
  std::vector<int32_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), ranking);
  if (config.top_k > 0 && config.top_k < size) order.resize(static_cast<size_t>(config.top_k));
  if (config.top_p < 1) {
    const int64_t target = mass_to_keep(ranking.mass(order.begin(), order.end()), config.top_p);
    int64_t sum = 0;
    size_t count = 0;
    while (sum < target) sum += ranking.units(order[count++]);
    order.resize(count);
  }
  while (static_cast<double>(weights[order.back()]) < config.min_p) order.pop_back();
  return order;
}

}  // namespace lockstep::rollout
