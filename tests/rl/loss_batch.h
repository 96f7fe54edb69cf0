// SPDX-License-Identifier: Apache-2.0
// Ragged batches of log-probabilities for the tests of the loss.
#pragma once

#include <ATen/ops/tensor.h>

#include <numeric>
#include <vector>

#include "base/rng.h"
#include "rl/entropy.h"
#include "rl/loss.h"

namespace lockstep::test {

using List = std::vector<double>;

// Plain arrays of one update; `input` makes fresh tensors of them, the log-probabilities as a leaf with
// gradient.
struct LossBatch {
  std::vector<int64_t> lengths;
  List logprobs, old, ref, advantages, mask;  // [N]
  List sampling, entropy;                     // [N], or empty: none

  static LossBatch random(std::vector<int64_t> lengths, uint64_t seed, double spread) {
    base::Random rng(seed, "loss batch");
    LossBatch batch;
    batch.lengths = std::move(lengths);
    for (int64_t length : batch.lengths) {
      const double advantage = rng.normal();
      for (int64_t t = 0; t < length; ++t) {
        batch.old.push_back(-3 * rng.uniform() - 0.05);
        batch.logprobs.push_back(batch.old.back() + spread * rng.normal());
        batch.ref.push_back(batch.old.back() + 0.3 * rng.normal());
        batch.advantages.push_back(advantage);
        batch.mask.push_back(1);
      }
    }
    return batch;
  }

  std::vector<int64_t> offsets() const {
    std::vector<int64_t> out(lengths.size() + 1, 0);
    std::partial_sum(lengths.begin(), lengths.end(), out.begin() + 1);
    return out;
  }

  rl::LossTotals totals() const {
    return {.num_samples = static_cast<double>(lengths.size()),
            .num_tokens = std::accumulate(mask.begin(), mask.end(), 0.0),
            .max_completion_length = 16};
  }

  // The same with what the config's entropy options need of the whole update.
  rl::LossTotals totals(const rl::LossConfig& config) const {
    auto out = totals();
    out.entropy_coef = config.entropy_coef;
    if (config.top_entropy_quantile == 1) return out;
    std::vector<float> counted;
    for (size_t t = 0; t < entropy.size(); ++t)
      if (mask[t] != 0) counted.push_back(static_cast<float>(entropy[t]));
    out.entropy_threshold = rl::entropy_threshold(counted, config.top_entropy_quantile);
    for (float value : counted) out.num_entropy_tokens += static_cast<double>(value) >= out.entropy_threshold;
    return out;
  }

  // Entropies and log-probabilities of the sampler, which most tests do without. Entropies are f32 values.
  LossBatch with_sampler_and_entropy(uint64_t seed, double spread) const {
    base::Random rng(seed, "loss batch, sampler and entropy");
    LossBatch out = *this;
    for (double value : old) {
      out.sampling.push_back(value + spread * rng.normal());
      out.entropy.push_back(static_cast<double>(static_cast<float>(3 * rng.uniform())));
    }
    return out;
  }

  rl::LossInput input(at::ScalarType dtype = at::kDouble) const {
    return {.logprobs = at::tensor(logprobs, dtype).requires_grad_(true),
            .old_logprobs = at::tensor(old, dtype),
            .sampling_logprobs = sampling.empty() ? Tensor() : at::tensor(sampling, dtype),
            .ref_logprobs = at::tensor(ref, dtype),
            .advantages = at::tensor(advantages, dtype),
            .mask = at::tensor(mask, dtype),
            .entropy = entropy.empty() ? Tensor() : at::tensor(entropy, dtype).requires_grad_(true),
            .sample_offsets = offsets()};
  }

  // Samples [first, last) as a batch of their own.
  LossBatch samples(size_t first, size_t last) const {
    const auto at = offsets();
    const auto cut = [&](const List& x) { return x.empty() ? List() : List(x.begin() + at[first], x.begin() + at[last]); };
    LossBatch part;
    part.lengths.assign(lengths.begin() + static_cast<int64_t>(first), lengths.begin() + static_cast<int64_t>(last));
    part.logprobs = cut(logprobs), part.old = cut(old), part.ref = cut(ref);
    part.advantages = cut(advantages), part.mask = cut(mask);
    part.sampling = cut(sampling), part.entropy = cut(entropy);
    return part;
  }
};

struct LossAndGradient {
  double loss = 0;
  List gradient;          // d loss / d logprobs, [N]
  List entropy_gradient;  // d loss / d entropy, [N]; empty without a bonus
  rl::LossMetrics metrics;
};

inline List values(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  const double* data = flat.const_data_ptr<double>();
  return {data, data + flat.numel()};
}

// The loss of `batch` as a part of an update with these totals, and what autograd gives.
inline LossAndGradient evaluate(const LossBatch& batch,
                                const rl::LossConfig& config,
                                const rl::LossTotals& totals,
                                at::ScalarType dtype = at::kDouble) {
  const rl::LossInput input = batch.input(dtype);
  const rl::LossOutput out = rl::grpo_loss(input, totals, config);
  out.loss.backward();
  const bool has_bonus = input.entropy.defined() && input.entropy.grad().defined();
  return {out.loss.item().toDouble(), values(input.logprobs.grad()), has_bonus ? values(input.entropy.grad()) : List(), out.metrics};
}
inline LossAndGradient evaluate(const LossBatch& batch, const rl::LossConfig& config) {
  return evaluate(batch, config, batch.totals(config));
}

}  // namespace lockstep::test
