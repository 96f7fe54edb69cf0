// SPDX-License-Identifier: Apache-2.0
// Random prompts and completions, and what a tiny model says about them one row at a time.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "kernels/token_logprobs.h"
#include "rl/packing.h"
#include "tests/rollout/tiny_model.h"

namespace lockstep::test {

using Ids = std::vector<model::TokenId>;

inline Ids random_ids(base::Random& random, int64_t length) {
  Ids ids;
  for (int64_t i = 0; i < length; ++i) ids.push_back(static_cast<model::TokenId>(random.between(1, kTinyVocab - 1)));
  return ids;
}

// Rows whose ids live as long as this.
struct RowSet {
  std::deque<Ids> texts;
  std::vector<rl::PackRow> rows;
};

// `num_groups` prompts of 1 to `longest` tokens with 1 to 5 completions of 1 to `longest` tokens each. With plain text,
// some groups are rows of 2 to `longest` tokens without a prompt.
inline RowSet random_rows(uint64_t seed, int num_groups, int64_t longest, bool has_plain_text = false) {
  RowSet out;
  base::Random random(seed, "rows of a test");
  for (int g = 0; g < num_groups; ++g) {
    const bool is_plain = has_plain_text && random.between(0, 2) == 0;
    const Ids* prompt = &out.texts.emplace_back(random_ids(random, is_plain ? 0 : random.between(1, longest)));
    for (int64_t i = is_plain ? 1 : random.between(1, 5); i > 0; --i) {
      const Ids* completion = &out.texts.emplace_back(random_ids(random, random.between(is_plain ? 2 : 1, longest)));
      out.rows.push_back({prompt, completion, g, static_cast<int64_t>(out.rows.size())});
    }
  }
  return out;
}

inline Ids joined(const Ids& prompt, const Ids& completion) {
  Ids ids = prompt;
  ids.insert(ids.end(), completion.begin(), completion.end());
  return ids;
}

// Log-probabilities of a completion's tokens (plain text: all but the first) by a pass over this row alone, differentiable.
inline Tensor row_logprobs(const model::Transformer& m, const Ids& prompt, const Ids& completion) {
  const Ids ids = joined(prompt, completion);
  const int64_t first = prompt.empty() ? 1 : static_cast<int64_t>(prompt.size());
  const int64_t count = static_cast<int64_t>(ids.size()) - first;
  const auto batch = model::make_batch({{ids, -1}}, at::kCPU);
  const auto hidden = m.forward(batch).narrow(0, first - 1, count);
  return kernels::token_logprobs(hidden, m.head(), batch.ids.narrow(0, first, count), 1.0, false).logprobs;
}

// Log-probabilities of all targets of a micro-batch, differentiable.
inline Tensor packed_logprobs(const model::Transformer& m, const rl::MicroBatch& micro) {
  const auto hidden = m.forward(micro.batch).index_select(0, micro.rows);
  return kernels::token_logprobs(hidden, m.head(), micro.targets, 1.0, false).logprobs;
}

// .grad() of every parameter, undefined where there is none.
inline std::vector<Tensor> gradients_of(model::Transformer& m) {
  std::vector<Tensor> out;
  for (auto& p : m.parameters()) out.push_back(p.value.grad().defined() ? p.value.grad().clone() : Tensor());
  return out;
}

// Gradients of `loss(model)` by autograd on the model itself, without learner, packing or shards.
template <class Loss>
std::vector<Tensor> autograd(model::Transformer& m, Loss&& loss) {
  m.set_requires_grad(true);
  for (auto& p : m.parameters()) p.value.mutable_grad() = Tensor();
  loss(m).backward();
  auto out = gradients_of(m);
  for (auto& p : m.parameters()) p.value.mutable_grad() = Tensor();
  m.set_requires_grad(false);
  return out;
}

// |a - b| / |b| over all parameters together; a gradient that is not there is zero.
inline double relative_distance(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    if (!a[i].defined() && !b[i].defined()) continue;
    const auto x = a[i].defined() ? a[i].to(at::kDouble) : at::zeros_like(b[i]).to(at::kDouble);
    const auto y = b[i].defined() ? b[i].to(at::kDouble) : at::zeros_like(a[i]).to(at::kDouble);
    difference += (x - y).square().sum().item<double>();
    size += y.square().sum().item<double>();
  }
  return std::sqrt(difference / std::max(size, 1e-300));
}

}  // namespace lockstep::test
