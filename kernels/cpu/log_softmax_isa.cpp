// SPDX-License-Identifier: Apache-2.0
// Online softmax over lanes: a block's 2 KiB are read twice, the second time from the L1 cache.
#include "kernels/cpu/by_dtype.h"
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/lane_math.h"
#include "kernels/cpu/log_softmax.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kFarBelow = -100.0f;  // e^-100 is 0 here; keeps 0 * -inf out of the entropy

// Division by the temperature; by 1 it would change nothing but the speed.
struct Scaled {
  bool is_divided;
  Lanes temperature;

  explicit Scaled(float t) : is_divided(t != 1.0f), temperature(Lanes::broadcast(t)) {}
  Lanes operator()(Lanes x) const { return is_divided ? x / temperature : x; }
};

float largest(const float* logits, int64_t count) {
  Lanes m = Lanes::broadcast(-kInfinity);
  for_lanes(count, [&](auto lanes) { m = lanes.inside(max(m, lanes.load(logits)), m); });
  return max_of(m);
}

// The block's sums with respect to `base`.
SoftmaxSums block_sums(const float* logits, int64_t count, const Scaled& scaled, float base) {
  const Lanes origin = Lanes::broadcast(base), far_below = Lanes::broadcast(kFarBelow);
  Lanes total = Lanes::zero(), weighted = Lanes::zero();
  for_lanes(count, [&](auto lanes) {
    const Lanes below = scaled(lanes.load(logits)) - origin;
    const Lanes e = lanes.inside(exp(below), Lanes::zero());
    total = total + e;
    weighted = fma(e, max(far_below, below), weighted);
  });
  return {base, static_cast<double>(sum(total)), static_cast<double>(sum(weighted))};
}

void add_block(const float* logits, int64_t count, float temperature, const Scaled& scaled, SoftmaxSums& s) {
  const float block_max = largest(logits, count) / temperature;  // division keeps the order
  const float new_max = block_max > s.max ? block_max : s.max;
  const SoftmaxSums block = block_sums(logits, count, scaled, new_max == -kInfinity ? 0.0f : new_max);
  if (s.max < new_max && s.max > -kInfinity) {
    const float step = s.max - new_max, shift = step < kFarBelow ? kFarBelow : step;
    const double factor = static_cast<double>(exp(shift));
    s.weighted = __builtin_fma(factor, __builtin_fma(static_cast<double>(shift), s.sum, s.weighted), block.weighted);
    s.sum = __builtin_fma(factor, s.sum, block.sum);
  } else {
    s.weighted = s.weighted + block.weighted;
    s.sum = s.sum + block.sum;
  }
  s.max = new_max;
}

void add_sums(const LogitRows& a, SoftmaxSums* sums) {
  const Scaled scaled(a.temperature);
  for (int64_t n = 0; n < a.rows; ++n) {
    const float* row = a.logits + n * a.stride;
    for (int64_t begin = 0; begin < a.columns; begin += kSoftmaxBlock) {
      const int64_t left = a.columns - begin;
      add_block(row + begin, left < kSoftmaxBlock ? left : kSoftmaxBlock, a.temperature, scaled, sums[n]);
    }
  }
}

void logprobs(const TokenLogprobs& a) {
  for (int64_t n = 0; n < a.rows; ++n) {
    const float log_sum = log(static_cast<float>(a.sums[n].sum));
    a.logprobs[n] = (a.logits[n] / a.temperature - a.sums[n].max) - log_sum;
    if (a.entropy != nullptr) a.entropy[n] = log_sum - static_cast<float>(a.sums[n].weighted / a.sums[n].sum);
  }
}

// d logits of a row, for the columns that hold the target and for all others.
struct RowSlopes {
  const Scaled& scaled;
  Lanes origin, inverse, slope, mean, entropy_slope;

  RowSlopes(const LogSoftmaxGrad& a, int64_t n, const Scaled& s)
      : scaled(s),
        origin(Lanes::broadcast(a.sums[n].max)),
        inverse(Lanes::broadcast(static_cast<float>(1.0 / a.sums[n].sum))),
        slope(Lanes::broadcast(a.g[n] / a.in.temperature)),
        mean(Lanes::broadcast(static_cast<float>(a.sums[n].weighted / a.sums[n].sum))),
        entropy_slope(Lanes::broadcast(a.g_entropy != nullptr ? a.g_entropy[n] / a.in.temperature : 0.0f)) {}

  Lanes logprob_part(Lanes logits, Lanes onehot) const { return (onehot - exp(scaled(logits) - origin) * inverse) * slope; }
  Lanes both_parts(Lanes logits, Lanes onehot) const {
    const Lanes below = scaled(logits) - origin, p = exp(below) * inverse;
    return fma(p * (mean - max(Lanes::broadcast(kFarBelow), below)), entropy_slope, (onehot - p) * slope);
  }
};

template <class T, class Part>
void grad_row(const LogSoftmaxGrad& a, int64_t n, Part&& part) {
  const float* logits = a.in.logits + n * a.in.stride;
  T* d_logits = row_of<T>(a.d_logits, n, a.d_logits_stride);
  const int64_t target = a.targets[n] - a.first_column;
  const bool has_target = target >= 0 && target < a.in.columns;
  Lanes at_target = Lanes::zero();  // read before the logits may be overwritten
  if (has_target) at_target = part(Lanes::broadcast(logits[target]), Lanes::broadcast(1.0f));
  for_lanes(a.in.columns, [&](auto lanes) { lanes.store(d_logits, part(lanes.load(logits), Lanes::zero())); });
  if (has_target) TailLanes{target, 1}.store(d_logits, at_target);
}

void grad(const LogSoftmaxGrad& a) {
  const Scaled scaled(a.in.temperature);
  by_dtype(a.dtype, [&](auto element) {
    using T = typename decltype(element)::Type;
    for (int64_t n = 0; n < a.in.rows; ++n) {
      const RowSlopes row(a, n, scaled);
      if (a.g_entropy != nullptr)
        grad_row<T>(a, n, [&](Lanes x, Lanes onehot) { return row.both_parts(x, onehot); });
      else
        grad_row<T>(a, n, [&](Lanes x, Lanes onehot) { return row.logprob_part(x, onehot); });
    }
  });
}

}  // namespace

extern const LogSoftmaxKernels log_softmax_kernels;
const LogSoftmaxKernels log_softmax_kernels = {add_sums, logprobs, grad};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
