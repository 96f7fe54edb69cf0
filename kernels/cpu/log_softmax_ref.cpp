// SPDX-License-Identifier: Apache-2.0
// Log-softmax, column by column.
#include "kernels/cpu/log_softmax_ref.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/array_ref.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kFarBelow = -100.0f;

float probability(float logit, float temperature, const SoftmaxSums& sums) {
  return exp_ref(logit / temperature - sums.max) * static_cast<float>(1.0 / sums.sum);
}

// d entropy / d l_j = -p_j (log p_j + entropy) = p_j (mean - (l_j - max)).
float entropy_slope(float p, float logit, float temperature, const SoftmaxSums& sums) {
  const float below = logit / temperature - sums.max;
  return p * (static_cast<float>(sums.weighted / sums.sum) - (below < kFarBelow ? kFarBelow : below));
}

void add_block(const float* logits, int64_t count, float temperature, SoftmaxSums& s) {
  LaneMaxRef block_max;
  for (int64_t j = 0; j < count; ++j) block_max.add(j, logits[j]);
  const float largest = block_max.total() / temperature;
  const float new_max = largest > s.max ? largest : s.max;
  const float base = new_max == -kInfinity ? 0.0f : new_max;
  LaneSumRef sum, weighted;
  for (int64_t j = 0; j < count; ++j) {
    const float below = logits[j] / temperature - base, e = exp_ref(below);
    sum.partial(j) = sum.partial(j) + e;
    weighted.partial(j) = std::fma(e, below < kFarBelow ? kFarBelow : below, weighted.partial(j));
  }
  // Only sums that hold something have a factor; exp(0) = 1 would change nothing.
  const bool is_rescaled = s.max < new_max && s.max > -kInfinity;
  const float shift = is_rescaled ? std::max(s.max - new_max, kFarBelow) : 0.0f;
  const auto factor = static_cast<double>(exp_ref(shift));
  s.weighted = std::fma(factor, std::fma(static_cast<double>(shift), s.sum, s.weighted), static_cast<double>(weighted.total()));
  s.sum = std::fma(factor, s.sum, static_cast<double>(sum.total()));
  s.max = new_max;
}

}  // namespace

void add_softmax_sums_ref(const LogitRows& a, SoftmaxSums* sums) {
  const FloatMode mode;
  for (int64_t n = 0; n < a.rows; ++n)
    for (int64_t begin = 0; begin < a.columns; begin += kSoftmaxBlock)
      add_block(a.logits + n * a.stride + begin, std::min(kSoftmaxBlock, a.columns - begin), a.temperature, sums[n]);
}

void token_logprobs_ref(const TokenLogprobs& a) {
  const FloatMode mode;
  for (int64_t n = 0; n < a.rows; ++n) {
    const float log_sum = log_ref(static_cast<float>(a.sums[n].sum));
    a.logprobs[n] = (a.logits[n] / a.temperature - a.sums[n].max) - log_sum;
    if (a.entropy != nullptr) a.entropy[n] = log_sum - static_cast<float>(a.sums[n].weighted / a.sums[n].sum);
  }
}

void log_softmax_grad_ref(const LogSoftmaxGrad& a) {
  const FloatMode mode;
  const ArrayRef d_logits{a.d_logits, a.dtype, a.d_logits_stride};
  for (int64_t n = 0; n < a.in.rows; ++n) {
    for (int64_t j = 0; j < a.in.columns; ++j) {
      const float logit = a.in.logits[n * a.in.stride + j];
      const float p = probability(logit, a.in.temperature, a.sums[n]);
      const float onehot = a.first_column + j == a.targets[n] ? 1.0f : 0.0f;
      float d = (onehot - p) * (a.g[n] / a.in.temperature);
      if (a.g_entropy != nullptr)
        d = std::fma(entropy_slope(p, logit, a.in.temperature, a.sums[n]), a.g_entropy[n] / a.in.temperature, d);
      d_logits.put(n, j, d);
    }
  }
}

}  // namespace lockstep::kernels::cpu
